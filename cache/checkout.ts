import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Blobs, Restored } from './blobs.ts';
import type { Digest } from './digest.ts';
import { fileProblem } from './file-problem.ts';
import { Problem } from './problem.ts';
import type { SoundBlobs } from './sound-blobs.ts';
import { type FileEntry, type Tree, treeSize } from './tree.ts';

/** Something a job was given that is not its own: a blob by its inode, or files outside of the store. */
export type Lent = { kind: 'adopted'; digest: Digest } | LentBlob;
interface LentBlob {
  kind: 'blob';
  path: string;
  digest: Digest;
  /** Of the file when it was lent: moves when it is written to. */
  content: string;
}

/** Of trees below this size all is read on the way out, in less than 0.1 s; of larger ones about as much. */
const checkedBytes = 64 * 1024 * 1024;

export interface CheckoutTools {
  readonly blobs: Blobs;
  readonly sound: SoundBlobs;
  /** Reads all that is handed out, however large it is. */
  readonly whole: boolean;
}

/**
 * Writes a tree's files at `dest`; gives those that share their inode with the store.
 *
 * What is copied is read, and so is a small tree; of what is linked or cloned, large files are known by their stats and some of
 * their blocks, and a few of the small ones are read. Throws `damaged-blob`, with the blob in quarantine.
 */
export function checkoutTree(tree: Tree, dest: string, tools: CheckoutTools): Lent[] {
  const share = checkedBytes / Math.max(1, treeSize(tree));
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
      if (entry.kind === 'file') lent.push(...checkoutFile(entry, path, tools, share));
    }
    return lent;
  } catch (cause) {
    throw fileProblem(cause, dest);
  }
}

/** Whether a blob was written to since it was lent, whatever was done to its times. A mode that was changed is put back. */
export function writtenTo({ digest, content }: LentBlob, { blobs, sound }: Omit<CheckoutTools, 'whole'>): boolean {
  if (blobs.inodeOf(digest)?.content !== content) return true;
  if (sound.isUntouched(digest)) return false;
  if (!blobs.isWhole(digest)) return true;
  sound.keeping([digest], () => blobs.protect(digest));
  return false;
}

function checkoutFile(entry: FileEntry, path: string, { blobs, sound, whole }: CheckoutTools, share: number): Lent[] {
  const { digest, executable, size } = entry;
  const stats = blobs.stat(digest);
  if (stats?.size !== size) throw damaged(blobs, entry, stats ? 'has another size' : 'is gone');

  const isRead = whole || share > 1;
  if (isRead && !sound.isWhole(digest, size)) throw damaged(blobs, entry, 'has other content');
  const how = sound.keeping([digest], () => blobs.restore(digest, path, { executable }));
  if (!isRead && !isSound(entry, how, sound, share)) {
    rmSync(path, { force: true });
    throw damaged(blobs, entry, 'has other content');
  }
  if (how !== 'link') return [];
  return [{ kind: 'blob', path, digest, content: blobs.inodeOf(digest)?.content ?? '' }];
}

/** Of a file of a large tree. */
function isSound({ digest, size }: FileEntry, how: Restored, sound: SoundBlobs, share: number): boolean {
  if (how === 'copy') return sound.isWhole(digest, size);
  if (sound.isSampled(size)) return sound.looksWhole(digest, size);
  return Math.random() > share || sound.isWhole(digest, size);
}

function damaged(blobs: Blobs, { path, digest }: FileEntry, what: string): Problem {
  const place = blobs.quarantine(digest);
  return new Problem('damaged-blob', `The stored copy of ${path || 'a file'} (${digest}) ${what}.`, {
    hint: place ? `It was moved to ${place}; the task that makes it runs again.` : 'The task that makes it runs again.',
  });
}
