import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fps } from '../../envs/pusht/env.ts';
import { filmStrip, frameSize } from '../../envs/pusht/render.ts';
import type { Episode } from '../../formats/lerobot-dataset/read.ts';
import { writeDataset } from '../../formats/lerobot-dataset/write.ts';
import type { RolloutSummary } from '../../kinds/rollout-summary.ts';
import type { Trace } from './episode.ts';

const instruction = 'Push the T-shaped block onto the T-shaped target.';

const corners = Array.from({ length: 8 }, (_, i) => [`corner_${i}_x`, `corner_${i}_y`]).flat();
const features = {
  'observation.state': { dtype: 'float32', shape: [2], names: { motors: ['motor_0', 'motor_1'] } },
  'observation.environment_state': { dtype: 'float32', shape: [16], names: corners },
  action: { dtype: 'float32', shape: [2], names: { motors: ['motor_0', 'motor_1'] } },
  'next.reward': { dtype: 'float32', shape: [1], names: null },
  'next.done': { dtype: 'bool', shape: [1], names: null },
  'next.success': { dtype: 'bool', shape: [1], names: null },
};

/** Writes episodes as a LeRobot dataset under the names of `lerobot/pusht`. `next.*` belongs to the state after the action. */
export async function writeRollouts(path: string, traces: readonly Trace[]): Promise<void> {
  await writeDataset(path, { version: 'v2.1', fps, robotType: 'pusht', features }, traces.map(episodeOf));
}

/** Writes `summary.json` and film strips of the first `drawn` episodes. */
export async function writeSummary(
  path: string,
  summary: RolloutSummary,
  traces: readonly Trace[],
  drawn: number,
): Promise<void> {
  await mkdir(join(path, 'episodes'), { recursive: true });
  await writeFile(join(path, 'summary.json'), `${JSON.stringify(summary, null, 1)}\n`);
  for (const [i, { frames, seed, success, maxReward }] of traces.slice(0, drawn).entries()) {
    const title = `seed ${seed}: ${success ? 'success' : 'no success'}, highest reward ${maxReward.toFixed(3)}`;
    await writeFile(join(path, 'episodes', `${String(i).padStart(3, '0')}.svg`), filmStrip(frames, { title }));
  }
}

function episodeOf({ length, success, frames, actions, rewards }: Trace, index: number): Episode {
  const agent = new Float32Array(length * 2);
  const keypoints = new Float32Array(length * 16);
  for (let t = 0; t < length; t += 1) {
    agent.set(frames.subarray(t * frameSize, t * frameSize + 2), t * 2);
    keypoints.set(frames.subarray(t * frameSize + 2, (t + 1) * frameSize), t * 16);
  }
  const done = new Uint8Array(length);
  done[length - 1] = 1;
  const succeeded = new Uint8Array(length);
  succeeded[length - 1] = success ? 1 : 0;
  const columns = {
    'observation.state': agent,
    'observation.environment_state': keypoints,
    action: actions,
    'next.reward': rewards,
    'next.done': done,
    'next.success': succeeded,
  };
  return { index, tasks: [instruction], length, columns };
}
