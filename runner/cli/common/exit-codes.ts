import { Problem } from '../../../cache/problem.ts';

/** Scripts rely on these numbers. */
export const exitCodes = {
  fine: 0,
  nodeFailed: 1,
  /** The command line, a parameter or a pipeline is wrong. */
  usage: 2,
  /** This site cannot run it. */
  site: 3,
  /** Interrupted; it can be resumed. As shells say it: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

/** Problems of the place, not of what was asked for: the same command works elsewhere, or once the place is repaired. */
const ofTheSite = new Set([
  'disk-full',
  'no-slurm',
  'no-sql-engine',
  'node-too-old',
  'package-missing',
  'package-not-found',
  'records-unusable',
  'secret-missing',
  'site-lacks',
  'slurm-silent',
  'store-broken',
  'store-gone',
  'store-layout',
  'store-read-only',
  'too-many-files',
]);

export function exitCodeOf(error: unknown): number {
  if (!Problem.is(error)) return exitCodes.nodeFailed;
  return ofTheSite.has(error.code) ? exitCodes.site : exitCodes.usage;
}
