import { z } from 'zod';
import { Problem, task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { successClassifier } from '../models/success-classifier/success-classifier.ts';

/** One run of a sweep. `policy` is the checkpoint whose rollouts it was trained on. */
const Candidate = z.object({
  policy: checkpoint,
  classifier: successClassifier,
  validationLoss: z.number(),
});

/**
 * The candidate with the smallest validation loss; the first one wins a tie.
 *
 * A candidate that learned from failures only, or from successes only, comes after all others: where the validation
 * rollouts are mostly failures, too, "everything fails" has a small loss, and yet such a classifier tells nothing apart.
 *
 * `candidates` holds one list per architecture, since the runs of one architecture are a list of their own in a sweep.
 */
export const pickClassifier = task({
  name: 'pick-classifier',
  inputs: { candidates: z.array(z.array(Candidate)).min(1) },
  outputs: { classifier: successClassifier, validationLoss: z.number() },
  run: async ({ candidates }) => {
    const [first, ...others] = eligible(candidates.flat());
    if (!first) {
      throw new Problem('no-candidates', 'There is no classifier to pick from: the sweep has no training checkpoint.', {
        hint: 'Collect rollouts of at least one checkpoint besides the one that validates.',
      });
    }
    const best = others.reduce(
      (least, candidate) => (candidate.validationLoss < least.validationLoss ? candidate : least),
      first,
    );
    return { classifier: best.classifier, validationLoss: best.validationLoss };
  },
});

function eligible(candidates: readonly z.output<typeof Candidate>[]): readonly z.output<typeof Candidate>[] {
  const sawBoth = candidates.filter(({ classifier: { meta } }) => {
    const { successes, episodes } = meta.trainedOn;
    return successes > 0 && successes < episodes;
  });
  return sawBoth.length > 0 ? sawBoth : candidates;
}
