import { sep } from 'node:path';
import { Problem } from '../../cache/problem.ts';

/** Failures of system calls that a file may be the reason of, when it is one of those that are looked at. */
const ofFiles: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EINVAL', 'ENAMETOOLONG', 'ELOOP']);
const ofPlace: ReadonlySet<unknown> = new Set([
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_DLOPEN_FAILED',
  'ERR_WORKER_OUT_OF_MEMORY',
  'ABORT_ERR',
  'disk-full',
  'too-many-files',
  'store-read-only',
  'store-broken',
]);
/** Causes of causes that are looked at. */
const deepest = 10;

/** Whether it says nothing of the files below `path` that looking at them failed so: a full disk, a program that is not there. */
export function isOfMachine(error: unknown, path: string): boolean {
  let cause = error;
  for (let depth = 0; depth < deepest && cause instanceof Error; depth += 1) {
    if (isItself(cause, path)) return true;
    cause = cause.cause;
  }
  return false;
}

interface Failed {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly syscall?: unknown;
  readonly path?: unknown;
  readonly signal?: unknown;
}

function isItself(error: Error, path: string): boolean {
  const { code, errno, syscall, path: at, signal } = error as Failed;
  if (error instanceof ReferenceError || ofPlace.has(code)) return true;
  if (!Problem.is(error) && typeof signal === 'string') return true; // a program that was killed
  if (typeof errno !== 'number') return false;
  if (!ofFiles.has(code) || String(syscall).startsWith('spawn')) return true;
  return typeof at === 'string' && at !== path && !at.startsWith(path + sep);
}
