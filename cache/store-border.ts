import { lstatSync, readFileSync, type Stats, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Problem } from './problem.ts';

/** What stands in a store's root. */
const parts = [
  ...[
    'blobs',
    'blobs/sha256',
    'tmp',
    'locks',
    'runs',
    'work',
    'code',
    'quarantine',
    'adopted',
    'submitted',
    'samples',
    'accepted',
    'dropped',
  ],
  ...['records', 'records.sqlite', 'stat-cache.jsonl'],
];

/** A link in the place of a part of a store would let us write, move and delete outside of it. Throws `store-leaves`. */
export function refuseLinks(root: string): void {
  const link = parts.find((name) => statsOf(join(root, name))?.isSymbolicLink());
  if (link !== undefined) throw leaves(join(root, link), root);
}

/** Folders that were found to be no links, which are not looked at again. */
const ownFolders = new Set<string>();

/**
 * A path below a folder of the store, for whoever writes, moves or deletes there: no link stands on the way, nor at its end.
 * Throws `store-leaves`.
 */
export function ownPath(folder: string, path: string): string {
  let at = folder;
  for (const name of path.split('/')) {
    at = `${at}/${name}`;
    if (ownFolders.has(at)) continue;
    const stats = statsOf(at);
    if (stats === undefined) break; // nothing is there, so nothing below
    if (stats.isSymbolicLink()) throw leaves(at, folder);
    if (stats.isDirectory()) ownFolders.add(at);
  }
  return `${folder}/${path}`;
}

function leaves(link: string, inside: string): Problem {
  return new Problem('store-leaves', `${link} is a link: the store at ${inside} would reach outside of itself.`, {
    hint: 'Move what it points at into the store, or move the whole store to the other disk and name it with --store.',
  });
}

/** Who else may write to a store, in words; undefined when this user alone may. Whoever may can change results, and code that runs here. */
export function otherWriters(root: string, self = userInfo()): string | undefined {
  if (self.uid < 0) return undefined; // a system without owners of files
  for (const name of ['', ...parts]) {
    const stats = statsOf(join(root, name));
    const whose = stats && strangersOf(stats, self);
    if (whose) return `${name === '' ? 'it' : name} ${whose}`;
  }
  return undefined;
}

function strangersOf(
  { uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>,
  self: { uid: number },
): string | undefined {
  if (uid !== self.uid) return `belongs to the user with the id ${uid}`;
  if ((mode & 0o002) !== 0) return 'may be written to by everybody';
  // Where each user has a group of their own, it has the user's number.
  if ((mode & 0o020) !== 0 && gid !== self.uid) return `may be written to by the group with the id ${gid}`;
  return undefined;
}

/** Says who else may write there, once for each user and each answer. */
export function tellOtherWriters(root: string, warn: (message: string) => void): void {
  const others = otherWriters(root);
  if (others === undefined || wasTold(root, others)) return;
  warn(
    `Others than you may write to the store at ${root}: ${others}. They can change what is known and which code runs here; use it if you trust them.`,
  );
  try {
    writeFileSync(toldPath(root), others);
  } catch {
    // A store that cannot be written to is told of every time.
  }
}

/** What nobody but this user can have noted down: a file of another's would silence us. */
function wasTold(root: string, others: string): boolean {
  const path = toldPath(root);
  const stats = statsOf(path);
  return stats?.isFile() === true && stats.uid === userInfo().uid && readFileSync(path, 'utf8') === others;
}

function toldPath(root: string): string {
  return join(root, `told-${userInfo().uid}`);
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
