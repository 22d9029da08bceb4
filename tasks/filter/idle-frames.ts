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
    /** Compare the checksum of all data too, for which all of it is read. Lengths are always checked. */
    checkData: z.boolean().default(false),
    /** Leave damaged records out and list them, instead of stopping at the first. */
    skipBadRecords: z.boolean().default(false),
  },
  outputs: {
    ranges: idleRanges,
    /** Steps in the dataset, and how many of them are in a range. */
    steps: z.int(),
    keptSteps: z.int(),
    skipped: z.array(z.string()).readonly(),
  },
  resources: { cpus: 4 }, // threads that read
  contradictions: ({ trimSteps = 0, minKeptSteps = Infinity }) =>
    trimSteps <= minKeptSteps
      ? []
      : [`trimSteps ${trimSteps} would cut more from a range than it may have: minKeptSteps is ${minKeptSteps}`],
  run: async ({ dataset, checkData, skipBadRecords, ...rule }, out, attempt) => {
    const { writeRanges } = await import('../formats/idle-ranges.ts');
    const { droidRanges } = await import('./droid-ranges.ts');
    const { ranges, ...facts } = await droidRanges(dataset.path, rule, {
      checkData,
      skipBadRecords,
      workers: attempt.cpus,
      onEpisode: ({ done, bytesRead }) => {
        attempt.signal.throwIfAborted();
        const metrics = { megabytesRead: bytesRead / 1e6 };
        attempt.report({ done, total: dataset.meta.episodes, unit: 'episodes', metrics });
      },
    });
    await writeRanges(out.ranges, ranges);
    return { ranges: out.ranges, ...facts };
  },
});
