import { open } from 'node:fs/promises';
import { isLfsPointer, lfsPointer, lfsPointerBytes } from '../lfs-pointer.ts';

/** Refuses a Git LFS pointer where a video should be. A file that cannot be read is left to who reads it. */
export async function refusePointer(path: string): Promise<void> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(lfsPointerBytes), 0, lfsPointerBytes, 0);
    if (!isLfsPointer(buffer.subarray(0, bytesRead))) return;
  } finally {
    await file.close();
  }
  throw lfsPointer(path);
}
