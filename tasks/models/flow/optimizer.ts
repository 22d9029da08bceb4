/** All that changes during training. Each field but `step` is a flat vector over all weights. */
export interface TrainingState {
  /** Optimizer steps done. */
  step: number;
  readonly weights: Float32Array;
  /** Moving average of the weights: what a policy acts by. */
  readonly average: Float32Array;
  /** Adam's first and second moment. */
  readonly momentum: Float32Array;
  readonly variance: Float32Array;
}

export interface OptimizerSettings {
  readonly steps: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly weightDecay: number;
  /** Longest memory of the moving average, as the share kept per step. */
  readonly averageDecay: number;
  /** Gradients longer than this are shortened to it. */
  readonly maxGradientNorm: number;
}

const beta1 = 0.9;
const beta2 = 0.99;
const epsilon = 1e-8;

/** Rises linearly during warm-up, then falls to zero along half a cosine. `step` counts from 0. */
export function learningRateAt(step: number, { learningRate, warmupSteps, steps }: OptimizerSettings): number {
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const share = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return learningRate * 0.5 * (1 + Math.cos(Math.PI * share));
}

/**
 * One step of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) and of the moving average, in place.
 *
 * One loop over plain arrays: some twenty TF.js operations over the same numbers take longer than this does. Gradients
 * are in the order of the layout and fill the flat vector without gaps.
 */
export function optimizerStep(
  state: TrainingState,
  gradients: readonly Float32Array[],
  settings: OptimizerSettings,
): void {
  const { weights, average, momentum, variance, step } = state;
  const lr = learningRateAt(step, settings);
  const shorten = Math.min(1, settings.maxGradientNorm / (normOf(gradients) + 1e-12));
  const lr1 = lr / (1 - beta1 ** (step + 1));
  const correct2 = 1 / (1 - beta2 ** (step + 1));
  const shrink = 1 - lr * settings.weightDecay;
  // Early weights are poor, so the memory grows with the steps done.
  const follow = 1 - Math.min(settings.averageDecay, (step + 1) / (step + 10));
  let at = 0;
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i += 1, at += 1) {
      const slope = (gradient[i] as number) * shorten;
      const m = beta1 * (momentum[at] as number) + (1 - beta1) * slope;
      const v = beta2 * (variance[at] as number) + (1 - beta2) * slope * slope;
      const w = (weights[at] as number) * shrink - (lr1 * m) / (Math.sqrt(v * correct2) + epsilon);
      momentum[at] = m;
      variance[at] = v;
      weights[at] = w;
      average[at] = (average[at] as number) + follow * (w - (average[at] as number));
    }
  }
  state.step += 1;
}

function normOf(gradients: readonly Float32Array[]): number {
  let sum = 0;
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i += 1) sum += (gradient[i] as number) * (gradient[i] as number);
  }
  return Math.sqrt(sum);
}
