import { randomBytes } from 'node:crypto';
import { chmod, cp, lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { constants } from 'node:fs';
import { parseDigest } from '../../../cache/border.ts';
import { isTable } from '../../../cache/canonical-json.ts';
import type { Digest } from '../../../cache/digest.ts';
import type { Store } from '../../../cache/store.ts';
import { entryNames } from '../../files/entry-names.ts';
import { lend } from './lend.ts';
import { fieldsOf, hasFiles, itemsOf, leafOf, plainOf } from '../../values/results.ts';

/**
 * Writes a stored value at `to` as files that are nobody else's: never links into the store.
 *
 * An artifact becomes its file or folder, a list a folder with an entry per item (streams by key), a record a folder with
 * an entry per field, and what holds no files a JSON file. Keys become names as `entryNames` has it. `to` appears whole or not at all, unless it is there already:
 * then files of the same names are replaced and others stay.
 */
export async function materialise(store: Store, value: unknown, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const aside = join(dirname(to), `.get-${randomBytes(6).toString('hex')}`);
  try {
    await write(store, value, aside);
    const exists = await lstat(to).then(
      () => true,
      () => false, // nothing is in the way
    );
    if (exists) await cp(aside, to, { recursive: true, force: true, verbatimSymlinks: true });
    else await rename(aside, to);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
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
    await cp(path, to, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    await makeWritable(to);
  } finally {
    await lent.release();
  }
}

async function makeWritable(path: string): Promise<void> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return;
  if ((stats.mode & 0o200) === 0) await chmod(path, stats.mode | 0o200);
  if (!stats.isDirectory()) return;
  for (const name of await readdir(path)) await makeWritable(join(path, name));
}
