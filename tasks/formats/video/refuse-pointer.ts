import { open } from 'node:fs/promises';
import { Problem } from '../../../cache/problem.ts';

const start = 'version https://git-lfs.github.com/';

/** Refuses a Git LFS pointer where a video should be. A file that cannot be read is left to who reads it. */
export async function refusePointer(path: string): Promise<void> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(start.length), 0, start.length, 0);
    if (buffer.toString('latin1', 0, bytesRead) !== start) return;
  } finally {
    await file.close();
  }
  throw new Problem('lfs-pointer', `${path} is a Git LFS pointer, not the file itself.`, {
    hint: 'Run "git lfs pull" where it came from.',
  });
}
