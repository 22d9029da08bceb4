import { fillGaussian, permutation, randomOf } from '../random.ts';
import type { Architecture } from './architecture.ts';
import { actionWidth } from './features.ts';
import { inputWidth, writeTime } from './flow.ts';
import type { Windows } from './windows.ts';

/** What the random numbers of a training are for; each purpose has its own. */
export const purposes = { weights: 1, noise: 2, order: 3 } as const;

/** Inputs and targets of one optimizer step; the arrays are used again for the next. */
export interface Batch {
  /** [batchSize, inputs]. */
  readonly input: Float32Array;
  /** [batchSize, horizon * 2]. */
  readonly target: Float32Array;
}

/**
 * Gives the batch of a step, as a pure function of (seed, step), whatever was asked before.
 *
 * Samples come from one permutation of all windows per epoch, without regard to where a batch ends. Rectified flow (Liu et
 * al. 2023, arXiv 2209.03003): at time t, uniform in [0, 1), the network sees noise + t (chunk - noise) and is to give
 * chunk - noise.
 */
export function batcher(
  windows: Windows,
  architecture: Architecture,
  { batchSize, seed }: { batchSize: number; seed: number },
) {
  const { count, features, chunks } = windows;
  const chunkWidth = architecture.horizon * actionWidth;
  const width = features.length / count;
  const inputs = inputWidth(architecture);
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
      const place = step * batchSize + row;
      const epoch = Math.floor(place / count);
      if (epoch !== order.epoch) order = { epoch, frames: permutation(count, randomOf(seed, purposes.order, epoch)) };
      const frame = order.frames[place % count] as number;
      const time = random.uniform();
      const at = row * inputs;
      for (let i = 0; i < chunkWidth; i += 1) {
        const from = noise[row * chunkWidth + i] as number;
        const way = (chunks[frame * chunkWidth + i] as number) - from;
        batch.input[at + i] = from + time * way;
        batch.target[row * chunkWidth + i] = way;
      }
      batch.input.set(features.subarray(frame * width, (frame + 1) * width), at + chunkWidth);
      writeTime(time, architecture.timeFeatures, batch.input, at + chunkWidth + width);
    }
    return batch;
  };
}
