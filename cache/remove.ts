import { rmSync, unlinkSync } from 'node:fs';
import { errorCode } from './file-problem.ts';

/** Deletes a file if it is there, by one call: `rmSync` looks at it first, which is a journey on a shared file system. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Deletes a file, or a folder with all that is in it, if it is there. */
export function removeAll(path: string): void {
  try {
    removeFile(path);
  } catch (error) {
    // Unlinking a folder is EISDIR on Linux and EPERM elsewhere.
    if (!['EISDIR', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
    rmSync(path, { recursive: true, force: true });
  }
}
