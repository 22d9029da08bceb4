import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend/tf.ts';
import { fillGaussian, randomOf } from '../random.ts';
import { flowToActions } from '../flow/euler.ts';
import type { Architecture } from './architecture.ts';
import { actionWidth, type Normalisation, observationWidth, writeFeatures } from './features.ts';
import { inputWidth } from './flow.ts';

export interface Sampler {
  readonly tf: Tf;
  readonly weights: readonly Tensor2D[];
  readonly architecture: Architecture;
  readonly normalisation: Normalisation;
  /** Steps of Euler's method from noise to actions. */
  readonly flowSteps: number;
  /** Spread of the noise; below 1, chunks come from nearer the middle of what was demonstrated. */
  readonly noiseScale: number;
}

/**
 * Draws action chunks: [batch, obsSteps, 18] to [batch, actionSteps, 2], world units. Row i starts from the noise of seed i and
 * depends on no other.
 */
export function sampleActions(
  sampler: Sampler,
  observations: Float32Array,
  noiseSeeds: readonly number[],
): Float32Array {
  const { tf, weights, architecture, normalisation, flowSteps, noiseScale } = sampler;
  const { obsSteps, horizon, timeFeatures } = architecture;
  const batch = noiseSeeds.length;
  const [width, chunkWidth] = [inputWidth(architecture), horizon * actionWidth];
  const input = new Float32Array(batch * width);
  const noise = new Float32Array(chunkWidth);
  noiseSeeds.forEach((seed, row) => {
    fillGaussian(noise, randomOf(seed));
    for (let i = 0; i < chunkWidth; i += 1) input[row * width + i] = (noise[i] as number) * noiseScale;
    const from = row * obsSteps * observationWidth;
    writeFeatures(observations, from, { obsSteps, limits: normalisation.observation }, input, row * width + chunkWidth);
  });
  flowToActions({ tf, weights, chunkWidth, timeFeatures, flowSteps }, input, batch);
  return actionsOf(sampler, observations, input);
}

function actionsOf(
  { architecture, normalisation }: Sampler,
  observations: Float32Array,
  chunks: Float32Array,
): Float32Array {
  const { obsSteps, actionSteps } = architecture;
  const { action, actionScale } = normalisation;
  const width = inputWidth(architecture);
  const batch = chunks.length / width;
  const actions = new Float32Array(batch * actionSteps * actionWidth);
  for (let row = 0; row < batch; row += 1) {
    for (let i = 0; i < actionSteps * actionWidth; i += 1) {
      const axis = i % actionWidth;
      const pusher = observations[((row + 1) * obsSteps - 1) * observationWidth + axis] as number;
      const wanted =
        pusher + (chunks[row * width + i] as number) * (actionScale[Math.floor(i / actionWidth)] as number);
      actions[row * actionSteps * actionWidth + i] = Math.min(
        action.max[axis] as number,
        Math.max(action.min[axis] as number, wanted),
      );
    }
  }
  return actions;
}
