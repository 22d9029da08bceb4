import { z } from 'zod';
import type { Ref, Value } from '../../tasks/core/task.ts';
import { adoptIdleRanges } from '../../tasks/download/adopt-rlds.ts';
import { filterIdleFrames } from '../../tasks/filter/idle-frames.ts';
import type { rldsDataset } from '../../tasks/kinds/rlds-dataset.ts';
import { droidStats } from '../../tasks/norm-stats/droid.ts';
import { droidDataPage } from '../../tasks/report/droid-data-page.ts';

const count = z.int().min(1);

/** Parameters of `prepareDroid`, for the pipelines that use it. Those without a default have that of their task. */
export const prepareParams = {
  ranges: z.string().optional().describe('file of steps to train on, instead of filtering idle frames'),
  idle: z
    .object({
      idleThreshold: z.number().positive().optional().describe('rad/s; below it, between two steps, a command rests'),
      minIdleSteps: count.optional().describe('idle runs this long are cut'),
      minKeptSteps: count.optional().describe('shorter kept runs are dropped'),
      trimSteps: z.int().min(0).optional().describe('steps cut from the end of each range'),
    })
    .prefault({}),
  checkData: z.boolean().default(false).describe('compare checksums of all data, which reads all of it'),
  skipBadRecords: z.boolean().default(false).describe('leave damaged records out and list them'),
};

/** What of the data is counted, besides what `prepareParams` says. */
export const statsParams = {
  successOnly: z.boolean().optional(),
  idleFilter: z.boolean().default(true).describe('count only the steps in the ranges'),
  maxFrames: count.optional().describe('count only so many frames, from the first'),
  exact: z.boolean().optional().describe('exact quantiles, which are not those of openpi'),
};

type Given<Shape extends z.core.$ZodShape> = z.output<z.ZodObject<Shape>>;

/** The steps to train on, the normalisation statistics, and a page about both and the data: what openpi needs of DROID. */
export function prepareDroid(
  dataset: Ref<Value<typeof rldsDataset>>,
  { ranges: given, idle, checkData, skipBadRecords }: Given<typeof prepareParams>,
  { release, stats: asked }: { release: '1.0.0' | '1.0.1' | undefined; stats: StatsGiven },
) {
  const { ranges } =
    given === undefined
      ? filterIdleFrames({ dataset, ...idle, checkData, skipBadRecords })
      : adoptIdleRanges({ path: given, dataset, ...(release === undefined ? {} : { release }) });
  const { idleFilter, actionSpace, actionHorizon, successOnly, ...counting } = asked;
  const frames = { actionSpace, actionHorizon, successOnly };
  const { stats } = droidStats({
    dataset,
    ...(idleFilter ? { ranges } : {}),
    ...frames,
    ...counting,
    skipBadRecords,
  });
  const { page } = droidDataPage({ dataset, ranges, stats, ...frames, idleFilter, skipBadRecords });
  return { ranges, stats, page };
}

interface StatsGiven extends Given<typeof statsParams> {
  readonly actionSpace?: 'joint-position' | 'joint-velocity' | undefined;
  readonly actionHorizon?: number | undefined;
  readonly batchSize?: number | undefined;
}
