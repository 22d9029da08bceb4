import type { Value } from '../../../tasks/core/task.ts';
import type { checkpoint } from '../../../tasks/kinds/checkpoint.ts';

/** A policy that is only ever named by its step. */
export function checkpointAt(step: number): Value<typeof checkpoint> {
  const digest = `sha256:c${String(step).padStart(63, '0')}`;
  return { kind: 'checkpoint', digest, path: `/nowhere/${step}`, meta: { format: 'test/1', step } };
}
