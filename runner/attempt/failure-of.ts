import { errorCode, fileProblem } from '../../cache/file-problem.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import type { Failure } from '../log/events.ts';

/** A thrown thing as the reason of a failure; a full or read-only disk is called by its name. */
export function failureOf(error: unknown): Failure {
  const { path = 'the store' } = error as { path?: string };
  const isDisk = ['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE'].includes(errorCode(error) ?? '');
  const known = isDisk ? fileProblem(error, path) : error;
  if (!Problem.is(known)) return { code: 'unexpected', message: messageOf(error) };
  return { code: known.code, message: known.message, ...(known.hint ? { hint: known.hint } : {}) };
}
