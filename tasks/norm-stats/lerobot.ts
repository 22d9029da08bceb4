import { z } from 'zod';
import { task } from '../core/task.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { normStats } from '../kinds/norm-stats.ts';
import { alohaWidth } from './aloha.ts';
import { fewerThanABatch } from './batches.ts';

const count = z.int().min(1);
const names = z.array(z.string().min(1)).min(1);

/**
 * `norm_stats.json` of a LeRobot dataset, as scripts/compute_norm_stats.py of openpi makes it, from the numbers alone:
 * images are not read. Roundings, batches, order and the histogram behind q01 and q99 are openpi's.
 *
 * As there, a last batch that is not full does not count, and a chunk repeats the last action past the end of its episode.
 * With `maxFrames` openpi draws frames in torch's random order, which is not done here: these are the first frames, and
 * `method.json` beside the statistics says so.
 */
export const lerobotStats = task({
  name: 'lerobot-stats',
  inputs: {
    dataset: lerobotDataset,
    /** Joined, in this order, to the state. The defaults are those of `pi05_droid_finetune`. */
    stateFeatures: names.default(['joint_position', 'gripper_position']),
    actionFeature: z.string().min(1).default('actions'),
    horizon: count.default(16), // actions in a chunk, one for each frame
    /** Dimensions of actions that are made relative to the state of the chunk's first frame; later ones are absolute. */
    deltaMask: z.array(z.boolean()).default([]),
    /** `pi`: the signs and grippers of ALOHA as pi's robots have them (`adapt_to_pi`); 14 dimensions. */
    aloha: z.enum(['pi', 'as-stored']).default('as-stored'),
    batchSize: count.default(32), // frames; openpi takes the training's
    maxFrames: count.optional(),
    /** Quantiles of all values instead of openpi's estimate. Not what openpi would compute, and two passes. */
    exact: z.boolean().default(false),
  },
  outputs: { stats: normStats, frames: z.int(), batches: z.int() },
  contradictions: (known) => [...fewerThanABatch(known), ...otherThanAloha(known)],
  run: async ({ dataset, ...asked }, out, { report, signal }) => {
    const { lerobotStatistics } = await import('./lerobot-statistics.ts');
    const { writeStats } = await import('./write-stats.ts');
    const statistics = await lerobotStatistics(dataset.path, asked, (done, passes) => {
      signal.throwIfAborted();
      report({ done, total: passes * dataset.meta.total_episodes, unit: 'episodes' });
    });
    await writeStats(out.stats, statistics);
    const { frames, batches } = statistics;
    return { stats: out.stats, frames, batches };
  },
});

/** ALOHA's two arms have so many numbers, whatever the features are called. */
function otherThanAloha({ aloha, deltaMask = [] }: { aloha?: string; deltaMask?: readonly boolean[] }): string[] {
  if (aloha !== 'pi' || deltaMask.length <= alohaWidth) return [];
  return [`deltaMask has ${deltaMask.length} dimensions, and aloha "pi" has ${alohaWidth}`];
}
