import { gatherSteps, type Steps } from '../../../../tasks/models/success-classifier/steps.ts';
import { randomOf } from '../../../../tasks/models/random.ts';

/**
 * Episodes of random steps; in successes the first of `width` features lies `gap` pixels further right.
 * Every other episode is a success.
 */
export function syntheticSteps({
  seed,
  episodes = 20,
  length = 40,
  width = 4,
  gap = 200,
}: {
  seed: number;
  episodes?: number;
  length?: number;
  width?: number;
  gap?: number;
}): Steps {
  const random = randomOf(seed, 9);
  const made = Array.from({ length: episodes }, (_, index) => {
    const label = index % 2 === 0;
    const pixels = Float32Array.from({ length: length * width }, (_, k) => {
      const shift = k % width === 0 && label ? gap : 0;
      return 60 + 200 * random.uniform() + shift;
    });
    return { index, length, label, features: [pixels] };
  });
  return gatherSteps(made, [0, 512]);
}
