import type { Samples } from '../flow/batches.ts';
import type { Architecture } from './architecture.ts';
import { featureWidth, type Normalisation, observationWidth, writeFeatures } from './features.ts';
import type { Recordings } from './recordings.ts';

/**
 * Every frame of the recordings as a sample, ready for the network. Chunks are [count, horizon, 2]: actions from the frame
 * on, seen from the pusher, divided by `actionScale`.
 */
export interface Windows extends Samples {
  /** [horizon]: see `Normalisation`. */
  readonly actionScale: readonly number[];
}

/** Smallest unit of actions, world units: where a whole dataset stands still. */
const leastScale = 1;

/**
 * Before an episode's first frame its first observation is repeated; after its last frame, its last action.
 *
 * Actions are learned as the way from the pusher, and each place in the chunk in units of its own root mean square: the way
 * grows with time, and the first actions, which are the ones carried out, would otherwise drown in the noise of the last.
 */
export function windowsOf(
  recordings: Recordings,
  { obsSteps, horizon }: Architecture,
  limits: Normalisation['observation'],
): Windows {
  const { observations, starts } = recordings;
  const count = starts.length;
  const width = featureWidth(obsSteps);
  const features = new Float32Array(count * width);
  const seen = new Float32Array(obsSteps * observationWidth);
  for (let frame = 0; frame < count; frame += 1) {
    for (let i = 0; i < obsSteps; i += 1) {
      const from = Math.max(starts[frame] as number, frame - obsSteps + 1 + i) * observationWidth;
      seen.set(observations.subarray(from, from + observationWidth), i * observationWidth);
    }
    writeFeatures(seen, 0, { obsSteps, limits }, features, frame * width);
  }
  return { count, features, ...chunksOf(recordings, horizon) };
}

function chunksOf(
  { observations, actions, ends }: Recordings,
  horizon: number,
): { chunks: Float32Array; actionScale: number[] } {
  const count = ends.length;
  const chunks = new Float32Array(count * horizon * 2);
  const squares = new Float64Array(horizon);
  for (let frame = 0; frame < count; frame += 1) {
    for (let i = 0; i < horizon; i += 1) {
      const from = Math.min(frame + i, (ends[frame] as number) - 1);
      for (let axis = 0; axis < 2; axis += 1) {
        const offset = (actions[2 * from + axis] as number) - (observations[frame * observationWidth + axis] as number);
        chunks[(frame * horizon + i) * 2 + axis] = offset;
        squares[i] = (squares[i] as number) + offset * offset;
      }
    }
  }
  const actionScale = Array.from(squares, (sum) => Math.max(leastScale, Math.fround(Math.sqrt(sum / (2 * count)))));
  for (let i = 0; i < chunks.length; i += 1) {
    chunks[i] = (chunks[i] as number) / (actionScale[Math.floor(i / 2) % horizon] as number);
  }
  return { chunks, actionScale };
}
