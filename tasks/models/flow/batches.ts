import { fillGaussian, permutation, randomOf } from '../random.ts';
import { writeTime } from './time.ts';

/** The training data: in each sample, a chunk of actions is to be given for what is observed. */
export interface Samples {
  readonly count: number;
  /** [count, width]: what is observed, in numbers for the network. */
  readonly features: Float32Array;
  /** [count, chunk width]: actions, in numbers of the network. */
  readonly chunks: Float32Array;
}

/** Numbers that the network takes for one sample: the noisy chunk, what is observed, the flow time. */
export function inputsOf({ count, features, chunks }: Samples, timeFeatures: number): number {
  return (chunks.length + features.length) / count + timeFeatures;
}

/** What the random numbers of a training are for; each purpose has its own. */
export const purposes = { weights: 1, noise: 2, order: 3 } as const;

/** Inputs and targets of one optimizer step; the arrays are used again for the next. */
export interface Batch {
  /** [batchSize, inputs]. */
  readonly input: Float32Array;
  /** [batchSize, chunk width]. */
  readonly target: Float32Array;
}

/**
 * Gives the batch of a step, as a pure function of (seed, step), whatever was asked before.
 *
 * Samples come from one permutation of all per epoch, without regard to where a batch ends. Rectified flow (Liu et
 * al. 2023, arXiv 2209.03003): at time t, uniform in [0, 1), the network sees noise + t (chunk - noise) and is to give
 * chunk - noise.
 */
export function batcher(
  samples: Samples,
  { batchSize, seed, timeFeatures }: { batchSize: number; seed: number; timeFeatures: number },
) {
  const { count, features, chunks } = samples;
  const chunkWidth = chunks.length / count;
  const width = features.length / count;
  const inputs = inputsOf(samples, timeFeatures);
  const noise = new Float32Array(batchSize * chunkWidth);
  const batch: Batch = {
    input: new Float32Array(batchSize * inputs),
    target: new Float32Array(batchSize * chunkWidth),
  };
  let order = { epoch: -1, frames: new Int32Array(0) as Int32Array };

  return (step: number): Batch => {
    const random = randomOf(seed, purposes.noise, step);
    fillGaussian(noise, random);
    for (let row = 0; row < batchSize; row += 1) {
      const sampleIndex = step * batchSize + row;
      const epoch = Math.floor(sampleIndex / count);
      if (epoch !== order.epoch) order = { epoch, frames: permutation(count, randomOf(seed, purposes.order, epoch)) };
      const frame = order.frames[sampleIndex % count] as number;
      const time = random.uniform();
      const at = row * inputs;
      for (let i = 0; i < chunkWidth; i += 1) {
        const from = noise[row * chunkWidth + i] as number;
        const velocity = (chunks[frame * chunkWidth + i] as number) - from;
        batch.input[at + i] = from + time * velocity;
        batch.target[row * chunkWidth + i] = velocity;
      }
      batch.input.set(features.subarray(frame * width, (frame + 1) * width), at + chunkWidth);
      writeTime(time, timeFeatures, batch.input, at + chunkWidth + width);
    }
    return batch;
  };
}
