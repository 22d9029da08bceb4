import { z } from 'zod';
import { Problem, task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { successClassifier } from '../kinds/success-classifier.ts';

/** One run of a sweep. `policy` is the checkpoint whose rollouts it was trained on. */
export const Candidate = z.object({
  policy: checkpoint.optional(),
  classifier: successClassifier,
  validationLoss: z.number(),
});

/**
 * The candidate with the smallest validation loss; the first one wins a tie.
 *
 * `candidates` holds one list per architecture, since the runs of one architecture are a list of their own in a sweep.
 */
export const pickClassifier = task({
  name: 'pick-classifier',
  inputs: { candidates: z.array(z.array(Candidate)).min(1) },
  outputs: { classifier: successClassifier, validationLoss: z.number() },
  run: async ({ candidates }) => {
    const [first, ...others] = candidates.flat();
    if (!first) {
      throw new Problem('no-candidates', 'There is no classifier to pick from: the sweep has no training checkpoint.', {
        hint: 'Collect rollouts of at least one checkpoint besides the one that validates.',
      });
    }
    const best = others.reduce((least, one) => (one.validationLoss < least.validationLoss ? one : least), first);
    return { classifier: best.classifier, validationLoss: best.validationLoss };
  },
});
