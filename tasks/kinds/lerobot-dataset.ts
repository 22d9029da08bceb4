import { z } from 'zod';
import { artifact, readJson } from '../core/task.ts';

/** The facts of a LeRobotDataset that tasks may rely on, under the names of its `meta/info.json`. */
const Info = z.object({
  /** `v2.1` or `v3.0`. */
  codebase_version: z.string(),
  /** Frames per second, the same for every stream. */
  fps: z.number().positive(),
  total_episodes: z.int().min(1),
  total_frames: z.int().min(1),
  features: z.record(
    z.string(),
    z.object({
      dtype: z.string(),
      /** Without the time axis: the action of two 7-joint arms is [14]. */
      shape: z.array(z.int().min(1)),
    }),
  ),
});

/**
 * A LeRobotDataset folder. Tasks read its facts from `meta`; pipelines never repeat them.
 *
 * A dataset whose tables name files that are not there is refused when it enters the store.
 */
export const lerobotDataset = artifact('lerobot-dataset', { meta: Info, inspect });

/** The same kind, for a task whose dataset stays where it lies; whoever reads it sees no difference. */
export const lerobotDatasetInPlace = artifact('lerobot-dataset', { meta: Info, inspect, hold: 'adopt' });

async function inspect(path: string): Promise<z.input<typeof Info>> {
  const meta = await readJson(`${path}/meta/info.json`, Info);
  const { refuseBroken } = await import('../formats/lerobot-dataset/refuse-broken.ts');
  await refuseBroken(path);
  return meta;
}
