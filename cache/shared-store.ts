import { accessSync, chmodSync, constants, existsSync, readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { errorCode } from './file-problem.ts';
import { Problem } from './problem.ts';

const groupMayWrite = 0o020;
/** The same, and what is made in it has its group. */
const handsOnGroup = 0o2020;

/**
 * In a store that a group may write to, what this process and its jobs make is the group's too, whatever the umask says. A new store is
 * like the folder that it is made in, when that hands its group on.
 */
export function followGroup(root: string): void {
  const own = statSync(root, { throwIfNoEntry: false });
  const above = own ? undefined : statSync(dirname(root), { throwIfNoEntry: false });
  const isForGroup = own ? own.mode & groupMayWrite : above && (above.mode & handsOnGroup) === handsOnGroup;
  if (isForGroup && isMainThread) process.umask(process.umask() & ~0o070);
}

/** The same for files of others' making, which are for their owner alone from the start. */
export function giveToGroup(folder: string, paths: readonly string[]): void {
  const may = statSync(folder).mode & 0o060;
  if ((may & groupMayWrite) === 0) return;
  for (const path of paths) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats && stats.uid === process.getuid?.() && (stats.mode & may) !== may)
      chmodSync(path, (stats.mode & 0o777) | may);
  }
}

const folders = [
  '',
  'blobs',
  'blobs/sha256',
  'tmp',
  'locks',
  'locks/claims',
  'runs',
  'work',
  'code',
  'adopted',
  'submitted',
  'records',
];
const files = [
  'records.sqlite',
  'records.sqlite-wal',
  'records.sqlite-shm',
  'stat-cache.jsonl',
  'lingering-jobs.jsonl',
];

/**
 * Asks whether this user may write wherever a result would go, in a store that others use too: before a job is paid for whose result
 * could not be kept. Throws `store-read-only`.
 */
export function refuseUnwritable(root: string): void {
  if (!isShared(statSync(root))) return;
  const prefixes = readdirSync(join(root, 'blobs/sha256')).map((name) => `blobs/sha256/${name}`);
  const places = [...folders, ...prefixes, ...files].filter((name) => isRefused(join(root, name)));
  if (places.length === 0) return;
  const some = places
    .slice(0, 3)
    .map((name) => `${join(root, name)} (of the user with the id ${statSync(join(root, name)).uid})`);
  const more = places.length > some.length ? ` and ${places.length - some.length} more` : '';
  throw new Problem(
    'store-read-only',
    `This user may not write to ${some.join(', ')}${more}, so no result could be kept.`,
    {
      hint: `Let the group of the store write to it, now and to what comes: chmod -R g+rwX ${root} && find ${root} -type d -exec chmod g+s {} +`,
    },
  );
}

function isShared({ uid, mode }: Stats): boolean {
  return uid !== process.getuid?.() || (mode & 0o022) !== 0;
}

function isRefused(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return ['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '');
  }
}
