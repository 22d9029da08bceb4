/** AdamW's settings; betas and epsilon are those of PyTorch's default: 0.9, 0.999 and 1e-8. */
export interface AdamW {
  readonly learningRate: number;
  /** Decoupled: every parameter, biases too, shrinks by `learningRate * weightDecay` of itself in each update. */
  readonly weightDecay: number;
}

/**
 * Makes the update rule for one parameter vector (Loshchilov and Hutter 2019, arXiv 1711.05101); the rule changes the
 * parameters in place.
 */
export function adamW(size: number, { learningRate, weightDecay }: AdamW) {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  const mean = new Float64Array(size);
  const square = new Float64Array(size);
  let updates = 0;

  return (parameters: Float64Array, gradient: Float64Array): void => {
    updates += 1;
    const correction1 = 1 - beta1 ** updates;
    const correction2 = Math.sqrt(1 - beta2 ** updates);
    for (let k = 0; k < size; k += 1) {
      const g = gradient[k] as number;
      const m = beta1 * (mean[k] as number) + (1 - beta1) * g;
      const v = beta2 * (square[k] as number) + (1 - beta2) * g * g;
      mean[k] = m;
      square[k] = v;
      const decayed = (parameters[k] as number) * (1 - learningRate * weightDecay);
      parameters[k] = decayed - ((learningRate / correction1) * m) / (Math.sqrt(v) / correction2 + epsilon);
    }
  };
}
