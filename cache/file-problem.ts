import { mkdirSync } from 'node:fs';
import { freeBytes } from './file-system.ts';
import { messageOf, Problem } from './problem.ts';

/** The code of a failed system call, for example `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}

/** Makes a folder in one that exists. (`recursive` says ENOENT where the disk is read-only.) */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

const fullDiskHint = [
  'pipeline cache collect --dry-run --failed-older-than 0',
  'says how much results that no run of late needs hold, and how much failed attempts left; or choose another disk with --store',
].join('\n');

/** A failed system call in words that say which place is full, read-only or broken. */
export function fileProblem(cause: unknown, path: string): Problem {
  if (Problem.is(cause)) return cause;
  switch (errorCode(cause)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new Problem('disk-full', `No room to write ${path}: ${freeBytesInWords(path)} bytes are free there.`, {
        hint: fullDiskHint,
        cause,
      });
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new Problem('store-read-only', `Cannot write ${path}: ${messageOf(cause)}.`, {
        hint: 'Give this user the right to write there, or choose another store with --store.',
        cause,
      });
    case 'EMFILE':
    case 'ENFILE':
      return tooManyFiles(cause);
    default:
      return new Problem('store-broken', `The store failed at ${path}: ${messageOf(cause)}.`, { cause });
  }
}

function tooManyFiles(cause: unknown): Problem {
  return new Problem('too-many-files', `More files are open than the system allows: ${messageOf(cause)}.`, {
    hint: 'Allow more before the command: ulimit -n 4096. Fewer jobs at a time need fewer: --jobs',
    cause,
  });
}

/**
 * A full disk that nobody put into words where it was met (a failed write does not name its file), or too many open files; else
 * the error as it is.
 */
export function orFullDisk(error: unknown): unknown {
  if (!Problem.is(error) && ['EMFILE', 'ENFILE'].includes(errorCode(error) ?? '')) return tooManyFiles(error);
  if (Problem.is(error) || !['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')) return error;
  return new Problem('disk-full', `No room left on the disk of the store: ${messageOf(error)}.`, {
    hint: fullDiskHint,
    cause: error,
  });
}

function freeBytesInWords(path: string): string {
  try {
    return String(freeBytes(path));
  } catch {
    return 'an unknown number of'; // the problem of the full disk is what is to be told
  }
}
