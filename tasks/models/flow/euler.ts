import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend/tf.ts';
import { forward } from './network.ts';
import { writeTime } from './time.ts';

export interface Flow {
  readonly tf: Tf;
  readonly weights: readonly Tensor2D[];
  /** Numbers of a row that flow from noise to a chunk; they come first in it. */
  readonly chunkWidth: number;
  /** Numbers of a row that tell the time; they come last in it. */
  readonly timeFeatures: number;
  /** Steps of Euler's method from noise to actions. */
  readonly flowSteps: number;
}

/**
 * Lets the noise at the head of each row of `input`, [batch, width], flow to a chunk of actions, in place.
 *
 * Every operation works on rows alone, and the wasm and cpu backends sum in an order that does not depend on the number
 * of rows.
 */
export function flowToActions(
  { tf, weights, chunkWidth, timeFeatures, flowSteps }: Flow,
  input: Float32Array,
  batch: number,
): void {
  const width = input.length / batch;
  const timeAt = width - timeFeatures;
  for (let step = 0; step < flowSteps; step += 1) {
    for (let row = 0; row < batch; row += 1) writeTime(step / flowSteps, timeFeatures, input, row * width + timeAt);
    const velocity = tf.tidy(() => forward(tf, weights, tf.tensor2d(input, [batch, width])).dataSync<'float32'>());
    for (let i = 0; i < velocity.length; i += 1) {
      const at = Math.floor(i / chunkWidth) * width + (i % chunkWidth);
      input[at] = (input[at] as number) + (velocity[i] as number) / flowSteps;
    }
  }
}
