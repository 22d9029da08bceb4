import { z } from 'zod';
import { Problem, task } from '../core/task.ts';
import { normStats } from '../kinds/norm-stats.ts';
import { rldsDataset } from '../kinds/rlds-dataset.ts';
import { fewerThanABatch } from './batches.ts';

const count = z.int().min(1);
const names = z.array(z.string().min(1)).min(1);

/**
 * `norm_stats.json` of any RLDS dataset, with openpi's accumulator: of states and of action chunks, as they are stored, of
 * all frames. For DROID, `droidStats` also filters and takes differences as openpi does.
 */
export const rldsStats = task({
  name: 'rlds-stats',
  inputs: {
    dataset: rldsDataset,
    /** Joined, in this order; names as in the records, `steps/` may be left out. */
    stateFeatures: names,
    actionFeatures: names,
    horizon: count.default(16), // actions in a chunk, one for each step
    batchSize: count.default(256), // frames
    maxFrames: count.optional(),
    /** Quantiles of all values instead of openpi's estimate, and two passes. */
    exact: z.boolean().default(false),
    skipBadRecords: z.boolean().default(false),
  },
  outputs: { stats: normStats, frames: z.int(), batches: z.int(), skipped: z.array(z.string()).readonly() },
  resources: { cpus: 4 }, // threads that read
  contradictions: fewerThanABatch,
  run: async ({ dataset, ...asked }, out, { signal, report, cpus }) => {
    const { rowReader } = await import('./rlds-frames.ts');
    const { rldsStatistics } = await import('./rlds-statistics.ts');
    const { writeStats } = await import('./write-stats.ts');
    const onEpisode = (done: number, passes: number): void => {
      signal.throwIfAborted();
      report({ done, total: passes * dataset.meta.episodes, unit: 'episodes' });
    };
    const statistics = await rldsStatistics({
      folder: dataset.path,
      reader: await rowReader(dataset.path, asked),
      counting: asked,
      reading: { workers: cpus, onEpisode },
    });
    if (statistics === undefined) throw new Problem('no-frames', `${dataset.path} has no frames.`);
    await writeStats(out.stats, statistics);
    const { frames, batches, skipped } = statistics;
    return { stats: out.stats, frames, batches, skipped };
  },
});
