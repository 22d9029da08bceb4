import { Problem } from '../../tasks/core/task.ts';

/** Parameters that cannot be together: which, why, and what to do. */
export interface Contradiction {
  /** As on the command line: `actionSpace=joint-position normStats=released`. */
  readonly parameters: string;
  readonly why: string;
  readonly advice: string;
}

/** Throws `parameters-contradict` with all of them at once. Called first in a pipeline's function, so nothing has run. */
export function refuseContradictions(found: readonly (Contradiction | undefined | false)[]): void {
  const all = found.filter((one) => one !== undefined && one !== false);
  if (all.length === 0) return;
  throw new Problem(
    'parameters-contradict',
    ['These parameters cannot be together:', ...all.map(({ parameters, why }) => `  ${parameters}: ${why}`)].join('\n'),
    { hint: all.map(({ advice }) => advice).join('\n') },
  );
}
