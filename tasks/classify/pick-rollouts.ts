import { z } from 'zod';
import { Problem, task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';

/** The rollouts of the checkpoint that was saved at `step`. */
export const pickRollouts = task({
  name: 'pick-rollouts',
  inputs: { rows: z.array(z.object({ policy: checkpoint, rollouts: lerobotDataset })), step: z.int().min(0) },
  outputs: { rollouts: lerobotDataset },
  run: async ({ rows, step }) => {
    const row = rows.find(({ policy }) => policy.meta.step === step);
    if (row) return { rollouts: row.rollouts };
    const steps = rows.map(({ policy }) => policy.meta.step).sort((a, b) => a - b);
    throw new Problem(
      'no-rollouts',
      `There are no rollouts of step ${step}; there are of ${steps.join(', ') || 'none'}.`,
      {
        hint: 'The steps to roll out must be among the saved ones: multiples of `saveEvery`, or the last step.',
      },
    );
  },
});
