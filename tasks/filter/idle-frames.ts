import { z } from 'zod';
import { task } from '../core/task.ts';
import { idleRanges } from '../kinds/idle-ranges.ts';
import { rldsDataset } from '../kinds/rlds-dataset.ts';

const steps = z.int().min(1);

/**
 * The steps of DROID-shaped episodes in which the robot is told to move, as openpi filters them
 * (examples/droid/compute_droid_nonidle_ranges.py); `idleFilterRanges` says the rule.
 *
 * All episodes count, successes and failures, in file order; of episodes with the same key the first does. Only the
 * commanded joint velocities are read, less than a hundredth of the data.
 */
export const filterIdleFrames = task({
  name: 'filter-idle-frames',
  inputs: {
    dataset: rldsDataset,
    idleThreshold: z.number().positive().default(1e-3), // rad/s, between two steps
    minIdleSteps: steps.default(7),
    minKeptSteps: steps.default(16),
    trimSteps: z.int().min(0).default(10),
    /** Leave damaged records out and list them, instead of stopping at the first. */
    skipBadRecords: z.boolean().default(false),
  },
  outputs: {
    ranges: idleRanges,
    /** Steps in the dataset, and how many of them are in a range. */
    steps: z.int(),
    keptSteps: z.int(),
    skipped: z.array(z.string()),
  },
  run: async ({ dataset, skipBadRecords, ...rule }, out, attempt) => {
    const { Problem } = await import('../../cache/problem.ts');
    const { writeRanges } = await import('../formats/idle-ranges.ts');
    const { droid, episodeKey, jointCount, refuseOtherShape } = await import('../formats/rlds/droid.ts');
    const { readFeatures } = await import('../formats/rlds/features.ts');
    const { readEpisodes } = await import('../formats/rlds/read.ts');
    const { idleFilterRanges } = await import('./idle-ranges.ts');
    if (rule.trimSteps >= rule.minKeptSteps) {
      throw new Problem('empty-ranges', `Cutting ${rule.trimSteps} steps from runs of ${rule.minKeptSteps} leaves none.`, {
        hint: 'trimSteps must be below minKeptSteps.',
      });
    }
    const features = [droid.commandedJointVelocity, droid.filePath, droid.recordingFolder];
    refuseOtherShape(await readFeatures(dataset.path), features);

    const found = new Map<string, ReturnType<typeof idleFilterRanges>>();
    const skipped: string[] = [];
    let [total, kept, done, bytesRead] = [0, 0, 0, 0];
    const episodes = readEpisodes(dataset.path, {
      features,
      workers: attempt.cpus,
      onBytes: (count) => {
        bytesRead += count;
      },
      ...(skipBadRecords ? { onSkip: ({ message }) => skipped.push(message) } : {}),
    });
    for await (const episode of episodes) {
      attempt.signal.throwIfAborted();
      const key = episodeKey(episode);
      if (!found.has(key)) {
        const ranges = idleFilterRanges(episode.floats[droid.commandedJointVelocity] ?? [], jointCount, rule);
        found.set(key, ranges);
        kept += ranges.reduce((sum, [start, end]) => sum + end - start, 0);
      }
      total += episode.steps;
      done += 1;
      const metrics = { megabytesRead: bytesRead / 1e6 };
      attempt.report({ done, total: dataset.meta.episodes, unit: 'episodes', metrics });
    }
    await writeRanges(out.ranges, found);
    return { ranges: out.ranges, steps: total, keptSteps: kept, skipped };
  },
});
