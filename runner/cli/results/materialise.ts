import { randomBytes } from 'node:crypto';
import { chmod, copyFile, cp, lstat, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { constants } from 'node:fs';
import { parseDigest } from '../../../cache/border.ts';
import { isTable } from '../../../cache/canonical-json.ts';
import type { Digest } from '../../../cache/digest.ts';
import { errorCode, fileProblem } from '../../../cache/file-problem.ts';
import { Problem } from '../../../cache/problem.ts';
import type { Store } from '../../../cache/store.ts';
import type { Entry } from '../../../cache/tree.ts';
import { entryNames } from '../../files/entry-names.ts';
import { lend } from './lend.ts';
import { fieldsOf, hasFiles, itemsOf, leafOf, plainOf } from '../../values/results.ts';

/**
 * Writes a stored value at `to` as files that are nobody else's: never links into the store.
 *
 * An artifact becomes its file or folder, a list a folder with an entry per item (streams by key), a record a folder with
 * an entry per field, and what holds no files a JSON file. Keys become names as `entryNames` has it. `to` appears whole or not at all, unless it is there already:
 * then files of the same names are replaced and others stay. Throws `in-the-way`, before anything is replaced, when something else than
 * a file stands where a file goes, or than a folder where a folder goes.
 */
export async function materialise(store: Store, value: unknown, to: string): Promise<void> {
  await refuseSpecial(to);
  await makeParent(to);
  const aside = join(dirname(to), `.get-${randomBytes(6).toString('hex')}`);
  try {
    await write(store, value, aside);
    const isThere = (await kindAt(to)) !== undefined;
    if (isThere) await refuseUnfit(aside, to);
    if (isThere) await cp(aside, to, { recursive: true, force: true, verbatimSymlinks: true });
    else await rename(aside, to);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function makeParent(to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true });
  } catch (cause) {
    if (!['ENOTDIR', 'EEXIST', 'ELOOP'].includes(errorCode(cause) ?? '')) throw fileProblem(cause, to);
    throw inTheWay(`${to} cannot be made, because something above it is no folder.`);
  }
}

/** Devices, pipes and sockets are for programs: none is replaced, whatever the command line says. */
async function refuseSpecial(to: string): Promise<void> {
  if ((await kindAt(to)) === 'special') throw inTheWay(`${to} is neither a file nor a folder, and is not replaced.`);
}

/** A link is replaced by a file; it is not followed, because what is behind it may lie anywhere. */
async function refuseUnfit(from: string, to: string): Promise<void> {
  const [made, found] = [await kindAt(from), await kindAt(to)];
  if (found === undefined) return;
  const isFit = made === 'folder' ? found === 'folder' : found === 'file' || found === 'link';
  if (!isFit) throw inTheWay(`${to} is ${named[found]}, where a ${made} is to be written.`);
  if (made !== 'folder') return;
  for (const name of await readdir(from)) await refuseUnfit(join(from, name), join(to, name));
}

type Kind = 'file' | 'folder' | 'link' | 'special';

const named = { file: 'a file', folder: 'a folder', link: 'a link', special: 'neither a file nor a folder' } as const;

async function kindAt(path: string): Promise<Kind | undefined> {
  const stats = await lstat(path).catch(() => undefined); // nothing is in the way
  if (stats === undefined) return undefined;
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'special';
}

function inTheWay(message: string): Problem {
  return new Problem('in-the-way', message, {
    hint: 'Choose another path with --to, or move it away. Nothing was written.',
  });
}

async function write(store: Store, value: unknown, to: string): Promise<void> {
  const leaf = leafOf(value);
  if (leaf) return copyTree(store, parseDigest(leaf.digest), to);
  if (!hasFiles(value)) return writeFile(to, `${JSON.stringify(plainOf(value), null, 2)}\n`);
  await mkdir(to);
  const entries = entriesOf(value);
  const names = entryNames(entries.map(([name, inner]) => ({ name, end: hasFiles(inner) ? '' : '.json' })));
  for (const [i, [, inner]] of entries.entries()) await write(store, inner, join(to, names[i] as string));
}

function entriesOf(value: unknown): (readonly [string, unknown])[] {
  const items = itemsOf(value);
  if (items) return items.map((item) => [item.key, item.value]);
  if (Array.isArray(value)) return value.map((item, i) => [String(i), item]);
  return isTable(value) ? fieldsOf(value) : [];
}

/** The checkout may share inodes with the store, and its files are read-only then; the copy does neither. */
async function copyTree(store: Store, digest: Digest, to: string): Promise<void> {
  const lent = lend(store, 'get');
  try {
    const { path } = store.checkout(digest, lent.path, { whole: true });
    if (path === lent.path)
      await cp(path, to, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    else for (const entry of store.readTree(digest)?.entries ?? []) await copyEntry(entry, path, to);
    await makeWritable(to);
  } finally {
    await lent.release();
  }
}

/** Where files were adopted, others may lie beside those that count. */
async function copyEntry(entry: Entry, from: string, to: string): Promise<void> {
  const [source, target] = [join(from, entry.path), join(to, entry.path)];
  await mkdir(entry.kind === 'folder' ? target : dirname(target), { recursive: true });
  if (entry.kind === 'link') await symlink(entry.target, target);
  if (entry.kind === 'file') await copyFile(source, target, constants.COPYFILE_FICLONE);
}

async function makeWritable(path: string): Promise<void> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return;
  if ((stats.mode & 0o200) === 0) await chmod(path, stats.mode | 0o200);
  if (!stats.isDirectory()) return;
  for (const name of await readdir(path)) await makeWritable(join(path, name));
}
