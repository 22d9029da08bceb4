import { join } from 'node:path';
import { openBackend } from '../backend/open-backend.ts';
import type { BackendName } from '../backend-name.ts';
import { flowToActions } from '../flow/euler.ts';
import { layoutOf } from '../flow/layout.ts';
import { weightTensors } from '../flow/network.ts';
import { fillGaussian, randomOf } from '../random.ts';
import { readConfig, readWeights } from './checkpoint.ts';
import { armWidth } from './frames.ts';
import { normalise, readQuantiles, unnormalised } from './normalise.ts';

/** A policy for the arm's own state that gives chunks of actions. */
export interface ArmPolicy {
  /** Actions in a chunk. */
  readonly horizon: number;
  /**
   * `states`: [batch, 8], joints in radians and gripper position, as observed. Gives actions [batch, horizon, 8] in the units
   * of the data: absolute joint positions, or joint velocities, and the gripper position. A row depends only on its state and
   * its noise seed.
   */
  act(states: Float64Array, noiseSeeds: readonly number[]): Float64Array;
  dispose(): void;
}

/** Steps from noise to actions, as openpi takes. */
const flowSteps = 10;

/** Loads a checkpoint folder whose `params` are of format `arm-policy/1`. Its weights stay on the backend until `dispose`. */
export async function loadArmPolicy(folder: string, { backend }: { backend: BackendName }): Promise<ArmPolicy> {
  const { architecture, assetId, actionSpace } = await readConfig(folder);
  const quantiles = await readQuantiles(join(folder, 'assets'), { assetId, width: armWidth });
  const { horizon, timeFeatures } = architecture;
  const chunkWidth = horizon * armWidth;
  const width = chunkWidth + armWidth + timeFeatures;
  const layout = layoutOf(architecture, width, chunkWidth);
  const weights = await readWeights(folder, layout);
  const { tf } = await openBackend(backend);
  const tensors = weightTensors(tf, layout, weights);

  const inputFor = (states: Float64Array, noiseSeeds: readonly number[]): Float32Array => {
    const features = Float32Array.from(states);
    normalise(features, armWidth, quantiles.state);
    const input = new Float32Array(noiseSeeds.length * width);
    noiseSeeds.forEach((seed, row) => {
      fillGaussian(input.subarray(row * width, row * width + chunkWidth), randomOf(seed));
      input.set(features.subarray(row * armWidth, (row + 1) * armWidth), row * width + chunkWidth);
    });
    return input;
  };

  return {
    horizon,
    act(states, noiseSeeds) {
      const batch = noiseSeeds.length;
      const input = inputFor(states, noiseSeeds);
      flowToActions({ tf, weights: tensors, chunkWidth, timeFeatures, flowSteps }, input, batch);
      const chunks = new Float32Array(batch * chunkWidth);
      for (let row = 0; row < batch; row += 1) {
        chunks.set(input.subarray(row * width, row * width + chunkWidth), row * chunkWidth);
      }
      const actions = unnormalised(chunks, armWidth, quantiles.actions);
      if (actionSpace === 'joint-position') addStates(actions, states, horizon);
      return actions;
    },
    dispose: () => tf.dispose(tensors),
  };
}

/** Deltas become positions: joints only, the gripper's actions are absolute (src/openpi/transforms.py of openpi). */
function addStates(actions: Float64Array, states: Float64Array, horizon: number): void {
  for (let i = 0; i < actions.length; i += 1) {
    const dimension = i % armWidth;
    if (dimension === armWidth - 1) continue;
    const row = Math.floor(i / (horizon * armWidth));
    actions[i] = (actions[i] as number) + (states[row * armWidth + dimension] as number);
  }
}
