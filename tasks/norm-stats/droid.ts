import { z } from 'zod';
import { task } from '../core/task.ts';
import { idleRanges } from '../kinds/idle-ranges.ts';
import { normStats } from '../kinds/norm-stats.ts';
import { rldsDataset } from '../kinds/rlds-dataset.ts';
import { fewerThanABatch } from './batches.ts';

const count = z.int().min(1);

/**
 * `norm_stats.json` for openpi's DROID policies, as scripts/compute_norm_stats.py of openpi makes it, from the numbers
 * alone: images are not read.
 *
 * Roundings, batches and the histogram behind q01 and q99 are openpi's. The order is not, which there is random: here
 * episodes come in file order and steps ascend, once. Mean and standard deviation do not depend on it beyond rounding; a
 * quantile may move by about a bin, 1/5000 of the range.
 */
export const droidStats = task({
  name: 'droid-stats',
  inputs: {
    dataset: rldsDataset,
    /** Steps to train on; all steps without it. */
    ranges: idleRanges.optional(),
    actionSpace: z.enum(['joint-position', 'joint-velocity']).default('joint-position'),
    actionHorizon: count.default(16), // control steps, of 1/15 s each
    successOnly: z.boolean().default(true),
    batchSize: count.default(256), // frames; openpi takes the training's
    /** At most as many frames, rounded down to batches. */
    maxFrames: count.optional(),
    /** Quantiles of all values instead of openpi's estimate. Not what openpi would compute, and two passes. */
    exact: z.boolean().default(false),
    /** Leave damaged records out and list them, instead of stopping at the first. */
    skipBadRecords: z.boolean().default(false),
  },
  outputs: { stats: normStats, frames: z.int(), batches: z.int(), skipped: z.array(z.string()).readonly() },
  resources: { cpus: 4 }, // threads that read
  contradictions: fewerThanABatch,
  run: async ({ dataset, ...asked }, out, attempt) => {
    const { droidStatistics } = await import('./droid-statistics.ts');
    const { writeStats } = await import('./write-stats.ts');
    const { signal, report } = attempt;
    const statistics = await droidStatistics(
      dataset.path,
      { ...asked, ranges: asked.ranges?.path },
      {
        workers: attempt.cpus,
        onEpisode: (done, passes) => {
          signal.throwIfAborted();
          report({ done, total: passes * dataset.meta.episodes, unit: 'episodes' });
        },
      },
    );
    await writeStats(out.stats, statistics);
    const { frames, batches, skipped } = statistics;
    return { stats: out.stats, frames, batches, skipped };
  },
});
