import { z } from 'zod';
import { task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { openpiCheckpoint } from '../kinds/openpi-checkpoint.ts';

/** The checkpoint with the most optimizer steps. */
export const lastCheckpoint = task({
  name: 'last-checkpoint',
  inputs: { checkpoints: z.array(checkpoint).min(1) },
  outputs: { checkpoint },
  run: async ({ checkpoints }) => ({ checkpoint: lastOf(checkpoints) }),
});

/** The same of checkpoints of openpi's trainer. */
export const lastOpenpiCheckpoint = task({
  name: 'last-openpi-checkpoint',
  inputs: { checkpoints: z.array(openpiCheckpoint).min(1) },
  outputs: { checkpoint: openpiCheckpoint },
  run: async ({ checkpoints }) => ({ checkpoint: lastOf(checkpoints) }),
});

function lastOf<C extends { readonly meta: { readonly step: number } }>(checkpoints: readonly C[]): C {
  return checkpoints.reduce((last, each) => (each.meta.step > last.meta.step ? each : last));
}
