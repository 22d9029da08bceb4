import { errorCode, fileProblem, orFullDisk } from '../../cache/file-problem.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import type { Failure } from '../log/events.ts';

/** A thrown thing as the reason of a failure; a full or read-only disk is called by its name. */
export function failureOf(error: unknown): Failure {
  const { path } = error as { path?: string };
  const isDisk = ['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE'].includes(errorCode(error) ?? '');
  // A failed write does not name its file, so nobody knows of which disk the room is to be told.
  const known = isDisk ? fileProblem(path === undefined ? orFullDisk(error) : error, path ?? 'the store') : error;
  if (!Problem.is(known)) return { code: 'unexpected', message: messageOf(error) };
  return { code: known.code, message: known.message, ...(known.hint ? { hint: known.hint } : {}) };
}
