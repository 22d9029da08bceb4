import { z } from 'zod';
import { artifact } from '../../core/task.ts';
import { readClassifier } from './file.ts';

/** A folder with `classifier.json`: the selected weights of a stepwise success classifier, its threshold and its curves. */
export const successClassifier = artifact('success-classifier', {
  meta: z.object({
    hiddenSizes: z.array(z.int().positive()),
    epoch: z.int().positive(),
    threshold: z.number(),
    validationLoss: z.number(),
    /** The rollouts that it learned from. */
    trainedOn: z.object({ episodes: z.int().min(1), successes: z.int().min(0) }),
  }),
  inspect: async (path) => {
    const { hiddenSizes, epoch, threshold, validationLoss, trainedOn } = await readClassifier(path);
    const { episodes, successes } = trainedOn;
    return { hiddenSizes, epoch, threshold, validationLoss, trainedOn: { episodes, successes } };
  },
});
