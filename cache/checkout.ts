import { lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Blobs } from './blobs.ts';
import type { Digest } from './digest.ts';
import { fileProblem } from './file-problem.ts';
import { Problem } from './problem.ts';
import { type FileEntry, type Tree, treeSize } from './tree.ts';

/** Something a job was given that is not its own: a blob by its inode, or files outside of the store. */
export type Lent = { kind: 'adopted'; digest: Digest } | LentBlob;
interface LentBlob {
  kind: 'blob';
  path: string;
  digest: Digest;
  stats: string;
}

/** Trees below this size are checked by content on their way out: in less than 0.1 s. */
const checkedBytes = 64 * 1024 * 1024;

/**
 * Writes a tree's files at `dest`; gives those that share their inode with the store.
 *
 * `verified` remembers which blobs were checked by content, by their stats, so one that many jobs read is hashed once.
 * Throws `damaged-blob`, with the blob in quarantine.
 */
export function checkoutTree(blobs: Blobs, tree: Tree, dest: string, verified: Map<Digest, string>): Lent[] {
  const checked = treeSize(tree) < checkedBytes;
  const lent: Lent[] = [];
  const made = new Set<string>();
  const makeFolder = (path: string): void => {
    if (made.has(path)) return;
    mkdirSync(path, { recursive: true });
    made.add(path);
  };
  try {
    makeFolder(tree.kind === 'folder' ? dest : dirname(dest));
    for (const entry of tree.entries) {
      const path = entry.path === '' ? dest : join(dest, entry.path);
      makeFolder(entry.kind === 'folder' ? path : dirname(path));
      if (entry.kind === 'link') symlinkSync(entry.target, path);
      if (entry.kind === 'file') lent.push(...checkoutFile(blobs, entry, path, checked ? verified : undefined));
    }
    return lent;
  } catch (cause) {
    throw fileProblem(cause, dest);
  }
}

/** Whether a blob was written to since it was lent. */
export function writtenTo(blobs: Blobs, { digest, stats }: LentBlob): boolean {
  return statsText(blobs, digest) !== stats;
}

function checkoutFile(blobs: Blobs, entry: FileEntry, path: string, verified: Map<Digest, string> | undefined): Lent[] {
  const { digest, executable } = entry;
  const stats = statsText(blobs, digest);
  if (stats?.split(' ')[0] !== String(entry.size)) throw damaged(blobs, entry, stats ? 'has another size' : 'is gone');

  if (verified && verified.get(digest) !== stats) {
    if (blobs.rehash(digest) !== digest) throw damaged(blobs, entry, 'has other content');
    verified.set(digest, stats);
  }
  return blobs.restore(digest, path, { executable }) === 'link' ? [{ kind: 'blob', path, digest, stats }] : [];
}

function damaged(blobs: Blobs, { path, digest }: FileEntry, what: string): Problem {
  const place = blobs.quarantine(digest);
  return new Problem('damaged-blob', `The stored copy of ${path || 'a file'} (${digest}) ${what}.`, {
    hint: place ? `It was moved to ${place}; the task that makes it runs again.` : 'The task that makes it runs again.',
  });
}

/** No ctime: a new hard link moves it. */
function statsText(blobs: Blobs, digest: Digest): string | undefined {
  const stats = lstatSync(blobs.pathOf(digest), { bigint: true, throwIfNoEntry: false });
  if (!stats?.isFile()) return undefined;
  return `${stats.size} ${stats.mtimeNs} ${stats.ino}`;
}
