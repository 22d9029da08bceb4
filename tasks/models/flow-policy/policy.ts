import { openBackend } from '../backend/open-backend.ts';
import type { BackendName } from '../backend-name.ts';
import { weightTensors } from '../flow/network.ts';
import { readCheckpoint } from './checkpoint.ts';
import { layoutFor } from './flow.ts';
import { sampleActions } from './sample.ts';

/** A policy for low-dimensional states that gives actions in chunks. */
export interface Policy {
  /** Observations that it wants to see at once, the newest last. */
  readonly obsSteps: number;
  /** Actions that it gives at once. */
  readonly actionSteps: number;
  /**
   * `observations`: [batch, obsSteps, 18], pusher x, y and the tee's 8 corners, world units, oldest first. Gives actions
   * [batch, actionSteps, 2], world units. A row depends only on its observations and its noise seed, not on the batch.
   */
  act(observations: Float32Array, batch: number, noiseSeeds: readonly number[]): Float32Array;
  dispose(): void;
}

/** Loads a checkpoint folder of format `flow-policy/1`. Its weights stay on the backend until `dispose`. */
export async function loadPolicy(folder: string, { backend }: { backend: BackendName }): Promise<Policy> {
  const { config, weights } = await readCheckpoint(folder);
  const { tf } = await openBackend(backend);
  const { architecture, normalisation, flowSteps, noiseScale } = config;
  const tensors = weightTensors(tf, layoutFor(architecture), weights);
  const sampler = { tf, weights: tensors, architecture, normalisation, flowSteps, noiseScale };
  return {
    obsSteps: architecture.obsSteps,
    actionSteps: architecture.actionSteps,
    act(observations, batch, noiseSeeds) {
      if (noiseSeeds.length !== batch)
        throw new RangeError(`${batch} rows need ${batch} noise seeds, not ${noiseSeeds.length}`);
      return sampleActions(sampler, observations, noiseSeeds);
    },
    dispose: () => tf.dispose(tensors),
  };
}
