import { Problem } from '../../../cache/problem.ts';
import { readEpisodes } from '../../formats/lerobot-dataset/read.ts';
import { actionWidth, observationWidth } from './features.ts';
import { mirrorCorners, mirrorPoints } from './mirror.ts';

export const columns = {
  state: 'observation.state',
  corners: 'observation.environment_state',
  action: 'action',
} as const;

/** Episodes laid end to end. */
export interface Recordings {
  /** [frames, 18]. */
  readonly observations: Float32Array;
  /** [frames, 2]. */
  readonly actions: Float32Array;
  /** Of each frame, the first frame of its episode and the frame after its last. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** All frames of a LeRobot dataset; with `mirror`, followed by the mirror image of every episode. */
export async function readRecordings(path: string, { mirror }: { mirror: boolean }): Promise<Recordings> {
  const parts: Part[] = [];
  for await (const { index, length, columns: episodeColumns } of readEpisodes(path, {
    columns: Object.values(columns),
  })) {
    const read = (name: string, width: number): Float32Array => {
      const values = episodeColumns[name];
      if (values !== undefined && !(values instanceof BigInt64Array) && values.length === length * width)
        return Float32Array.from(values);
      throw new Problem(
        'wrong-feature',
        `"${name}" of episode ${index} in ${path} should be numbers [frames, ${width}].`,
      );
    };
    parts.push({
      state: read(columns.state, 2),
      corners: read(columns.corners, 16),
      action: read(columns.action, actionWidth),
    });
  }
  const images = mirror ? parts.map(mirrored) : [];
  return joined([...parts, ...images]);
}

interface Part {
  readonly state: Float32Array;
  readonly corners: Float32Array;
  readonly action: Float32Array;
}

function mirrored({ state, corners, action }: Part): Part {
  return { state: mirrorPoints(state), corners: mirrorCorners(corners), action: mirrorPoints(action) };
}

function joined(parts: readonly Part[]): Recordings {
  const frames = parts.reduce((sum, { state }) => sum + state.length / 2, 0);
  const observations = new Float32Array(frames * observationWidth);
  const actions = new Float32Array(frames * actionWidth);
  const [starts, ends] = [new Int32Array(frames), new Int32Array(frames)];
  let first = 0;
  for (const { state, corners, action } of parts) {
    const length = state.length / 2;
    for (let i = 0; i < length; i += 1) {
      const at = (first + i) * observationWidth;
      observations.set(state.subarray(2 * i, 2 * i + 2), at);
      observations.set(corners.subarray(16 * i, 16 * i + 16), at + 2);
    }
    actions.set(action, first * actionWidth);
    starts.fill(first, first, first + length);
    ends.fill(first + length, first, first + length);
    first += length;
  }
  return { observations, actions, starts, ends };
}
