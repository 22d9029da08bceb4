import { forward, type Mlp, type Workspace, workspace } from './mlp.ts';
import type { Steps } from './steps.ts';

/** How well a classifier does on one dataset, with dropout off. */
export interface Metrics {
  /** Cross-entropy, unweighted, averaged over all steps. */
  readonly stepwiseBce: number;
  /** Cross-entropy between episode scores and labels, averaged over episodes. */
  readonly trajwiseBce: number;
  /** Mean episode score. */
  readonly mean: number;
  /** Mean score of the failed episodes; absent when there are none. */
  readonly failMean: number | null;
  /** Mean score of the successful episodes; absent when there are none. */
  readonly successMean: number | null;
}

/** Steps scored at once: small enough for the activations to stay in the processor's cache. */
const chunkSteps = 1024;

export function evaluationSpace(sizes: readonly number[]): Workspace {
  return workspace(sizes, chunkSteps);
}

/** Scores every step, with dropout off. An episode's score is the mean predicted probability over its steps. */
export function evaluate(mlp: Mlp, steps: Steps, space: Workspace = evaluationSpace(mlp.sizes)): Metrics {
  const { scores, stepwiseBce } = scoreEpisodes(mlp, steps, space);
  const failed = [...scores].filter((_, e) => steps.labels[e] === 0);
  const succeeded = [...scores].filter((_, e) => steps.labels[e] === 1);
  const trajwise = scores.map((score, e) => crossEntropy(score, steps.labels[e] as number));
  return {
    stepwiseBce,
    trajwiseBce: mean(trajwise),
    mean: mean(scores),
    failMean: failed.length > 0 ? mean(failed) : null,
    successMean: succeeded.length > 0 ? mean(succeeded) : null,
  };
}

/** Episode scores in [0, 1], in the dataset's order, and the mean cross-entropy over all steps. */
export function scoreEpisodes(
  mlp: Mlp,
  steps: Steps,
  space: Workspace = evaluationSpace(mlp.sizes),
): { scores: Float64Array; stepwiseBce: number } {
  const scores = new Float64Array(steps.labels.length);
  let loss = 0;
  let product = 1; // of 1 + e^-|z|: the logarithm of a product is cheaper than the sum of its factors' logarithms
  let episode = 0;
  for (let start = 0; start < steps.count; start += space.capacity) {
    const count = Math.min(space.capacity, steps.count - start);
    const logits = forward(mlp, { values: steps.values, stride: steps.count, start }, count, space);
    for (let s = 0; s < count; s += 1) {
      while (start + s >= (steps.starts[episode + 1] as number)) episode += 1;
      const logit = logits[s] as number;
      // ln(1 + e^z) - y z, from e^-|z|, which cannot overflow and gives the probability as well.
      const e = Math.exp(-Math.abs(logit));
      product *= 1 + e;
      if (product > 1e200) {
        loss += Math.log(product);
        product = 1;
      }
      loss += (logit > 0 ? logit : 0) - (steps.labels[episode] as number) * logit;
      scores[episode] = (scores[episode] as number) + (logit > 0 ? 1 / (1 + e) : e / (1 + e));
    }
  }
  for (let k = 0; k < scores.length; k += 1) {
    scores[k] = (scores[k] as number) / ((steps.starts[k + 1] as number) - (steps.starts[k] as number));
  }
  return { scores, stepwiseBce: (loss + Math.log(product)) / steps.count };
}

/** Cross-entropy of one probability; logarithms end at -100, as in PyTorch's `BCELoss`. */
function crossEntropy(probability: number, label: number): number {
  return -Math.max(Math.log(label === 1 ? probability : 1 - probability), -100);
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < values.length; k += 1) sum += values[k] as number;
  return sum / values.length;
}
