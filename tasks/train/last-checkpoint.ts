import { z } from 'zod';
import { task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';

/** The checkpoint with the most optimizer steps. */
export const lastCheckpoint = task({
  name: 'last-checkpoint',
  inputs: { checkpoints: z.array(checkpoint).min(1) },
  outputs: { checkpoint },
  run: async ({ checkpoints }) => ({
    checkpoint: checkpoints.reduce((last, each) => (each.meta.step > last.meta.step ? each : last)),
  }),
});
