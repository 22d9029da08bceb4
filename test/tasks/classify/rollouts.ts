import { writeDataset } from '../../../tasks/formats/lerobot-dataset/write.ts';
import { lerobotDataset } from '../../../tasks/kinds/lerobot-dataset.ts';
import { kindOf } from '../../../tasks/core/artifact.ts';
import type { Artifact, Value } from '../../../tasks/core/task.ts';
import { randomOf } from '../../../tasks/models/random.ts';

/**
 * PushT-like rollouts: in successes all keypoints lie to the right of the middle, in failures to the left. With
 * `shift`, pixels to the right, for episodes between the two.
 */
export async function writeRollouts(
  folder: string,
  episodes: readonly { success: boolean; shift?: number }[],
  { seed = 1, length = 12 }: { seed?: number; length?: number } = {},
): Promise<void> {
  const random = randomOf(seed, 7);
  const features = {
    'observation.state': { dtype: 'float32', shape: [2] },
    'observation.environment_state': { dtype: 'float32', shape: [16] },
    'next.success': { dtype: 'bool', shape: [1] },
  };
  const made = episodes.map(({ success, shift = success ? 160 : 0 }, index) => ({
    index,
    tasks: ['push'],
    length,
    columns: {
      'observation.state': Float32Array.from({ length: 2 * length }, () => 512 * random.uniform()),
      'observation.environment_state': Float32Array.from(
        { length: 16 * length },
        () => 100 + shift + 80 * random.uniform(),
      ),
      'next.success': Uint8Array.from({ length }, (_, frame) => Number(success && frame === length - 1)),
    },
  }));
  await writeDataset(folder, { version: 'v3.0', fps: 10, robotType: 'none', features }, made);
}

/** Rollouts as an artifact, as a task body gets them. */
export async function rolloutsIn(
  folder: string,
  ...how: Parameters<typeof writeRollouts> extends [string, ...infer R] ? R : never
): Promise<Value<typeof lerobotDataset>> {
  await writeRollouts(folder, ...how);
  return artifactOf(lerobotDataset, folder);
}

let made = 0;

/** Files as an artifact of a kind, described by that kind's own `inspect`; its digest is only a name. */
export async function artifactOf<A extends Artifact<string, unknown>>(kind: { _output: A }, path: string): Promise<A> {
  const { name, inspect } = kindOf(kind) as NonNullable<ReturnType<typeof kindOf>>;
  made += 1;
  return { kind: name, digest: `sha256:${String(made).padStart(64, '0')}`, path, meta: await inspect(path) } as A;
}

export function alternating(count: number): { success: boolean }[] {
  return Array.from({ length: count }, (_, k) => ({ success: k % 2 === 0 }));
}
