import { Problem } from '../../cache/problem.ts';

const start = Buffer.from('version https://git-lfs.github.com/');

/** How many bytes of a file tell whether it is a pointer. */
export const lfsPointerBytes = start.length;

/** Whether a file that starts like this is the small text that stands for a large file where Git LFS did not fetch it. */
export function isLfsPointer(bytes: Uint8Array): boolean {
  return start.equals(bytes.subarray(0, start.length));
}

export function lfsPointer(path: string): Problem {
  return new Problem('lfs-pointer', `${path} is a Git LFS pointer, not the file itself.`, {
    hint: 'Run "git lfs pull" where it came from.',
  });
}
