import { Problem } from '../../cache/problem.ts';
import { coverageOf } from '../envs/pusht/coverage.ts';
import { placeTee } from '../envs/pusht/geometry.ts';
import type { Episode, Feature } from '../formats/lerobot-dataset/read.ts';
import { readArray } from '../formats/zarr/read.ts';

/** Control steps per second. */
export const pushtFps = 10;

/** Coverage above which the task is solved; the reward reaches 1 there. */
const successCoverage = 0.95;

const keypoints = Array.from({ length: 16 }, (_, i) => `keypoint_${i}`);
const motors = { motors: ['motor_0', 'motor_1'] };

export const pushtFeatures: Readonly<Record<string, Feature>> = {
  'observation.state': { dtype: 'float32', shape: [2], names: motors },
  'observation.environment_state': { dtype: 'float32', shape: [16], names: { keypoints } },
  action: { dtype: 'float32', shape: [2], names: motors },
  'next.reward': { dtype: 'float32', shape: [1], names: null },
  'next.done': { dtype: 'bool', shape: [1], names: null },
  'next.success': { dtype: 'bool', shape: [1], names: null },
};

const task = 'Push the T-shaped block onto the T-shaped target.';

/** A replay buffer: frames of all episodes in a row. */
export interface Replay {
  /** [frames, 5]: pusher x, y; tee origin x, y; tee angle in radians. */
  readonly state: ArrayLike<number>;
  /** [frames, 2]: target of the pusher. */
  readonly action: ArrayLike<number>;
  /** For each episode, the frame after its last. */
  readonly ends: readonly number[];
}

export async function readReplay(folder: string): Promise<Replay> {
  const [state, action] = [await readFloats(folder, 'data/state', 5), await readFloats(folder, 'data/action', 2)];
  const ends = Array.from((await readArray(folder, 'meta/episode_ends')).data, Number);
  const rising = ends.every((end, i) => end > (ends[i - 1] ?? 0));
  const frames = ends.at(-1) ?? 0;
  if (!rising || frames === 0 || state.length !== frames * 5 || action.length !== frames * 2) {
    throw new Problem(
      'wrong-replay',
      `The recordings in ${folder} do not fit together: "meta/episode_ends" ends at frame ${frames}, ` +
        `"data/state" has ${state.length / 5} frames and "data/action" ${action.length / 2}.`,
    );
  }
  return { state, action, ends };
}

async function readFloats(folder: string, path: string, width: number): Promise<ArrayLike<number>> {
  const { shape, data } = await readArray(folder, path);
  if (shape.length === 2 && shape[1] === width && (data instanceof Float32Array || data instanceof Float64Array))
    return data;
  throw new Problem(
    'wrong-replay',
    `Array "${path}" in ${folder} should be floats [frames, ${width}], it is [${shape}].`,
  );
}

/** The first `count` episodes; `onEpisode` is told how many were made. */
export function* replayEpisodes(
  replay: Replay,
  count: number,
  onEpisode: (done: number) => void = () => {},
): Generator<Episode, void, undefined> {
  for (let index = 0; index < count; index += 1) {
    yield replayEpisode(replay, index);
    onEpisode(index + 1);
  }
}

function replayEpisode({ state, action, ends }: Replay, index: number): Episode {
  const start = ends[index - 1] ?? 0;
  const length = (ends[index] ?? 0) - start;
  const columns = {
    'observation.state': new Float32Array(length * 2),
    'observation.environment_state': new Float32Array(length * 16),
    action: Float32Array.from({ length: length * 2 }, (_, i) => action[start * 2 + i] as number),
    'next.reward': new Float32Array(length),
    'next.done': new Uint8Array(length),
    'next.success': new Uint8Array(length),
  };
  const corners = new Float64Array(16);
  for (let frame = 0; frame < length; frame += 1) {
    const [agentX, agentY, x, y, angle] = Array.from({ length: 5 }, (_, i) => state[(start + frame) * 5 + i] as number);
    columns['observation.state'].set([agentX as number, agentY as number], frame * 2);
    placeTee(x as number, y as number, angle as number, corners);
    columns['observation.environment_state'].set(corners, frame * 16);
    const coverage = coverageOf(corners);
    for (const shown of framesThatShow(frame, length)) {
      columns['next.reward'][shown] = Math.min(1, Math.max(0, coverage / successCoverage));
      columns['next.done'][shown] = frame === length - 1 ? 1 : 0;
      columns['next.success'][shown] = coverage > successCoverage ? 1 : 0;
    }
  }
  return { index, tasks: [task], length, columns };
}

/** `next.*` of a frame is the value of the frame after it; the last frame repeats its own. Upstream shifts `done` alike. */
function framesThatShow(frame: number, length: number): number[] {
  return [frame - 1, ...(frame === length - 1 ? [frame] : [])].filter((shown) => shown >= 0);
}
