import { z } from 'zod';
import type { Ref, Value } from '../../tasks/core/task.ts';
import { adoptIdleRanges } from '../../tasks/download/adopt-rlds.ts';
import { downloadFolder } from '../../tasks/download/bucket.ts';
import { filterIdleFrames } from '../../tasks/filter/idle-frames.ts';
import type { rldsDataset } from '../../tasks/kinds/rlds-dataset.ts';
import { droidStats } from '../../tasks/norm-stats/droid.ts';
import { droidDataPage } from '../../tasks/report/droid-data-page.ts';

const count = z.int().min(1);

/** Parameters of `prepareDroid`, for the pipelines that use it. Those without a default have that of their task. */
export const prepareParams = {
  ranges: z
    .string()
    .optional()
    .describe('steps to train on, instead of filtering idle frames: a file or its address; `released`: that of openpi'),
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

type ParametersOf<Shape extends z.core.$ZodShape> = z.output<z.ZodObject<Shape>>;

/** The steps to train on, the normalisation statistics, and a page about both and the data: what openpi needs of DROID. */
export function prepareDroid(
  dataset: Dataset,
  { ranges: rangesFrom, idle, checkData, skipBadRecords }: ParametersOf<typeof prepareParams>,
  { release, stats: asked }: { release: Release | undefined; stats: StatsParameters },
) {
  const { ranges } =
    rangesFrom === undefined
      ? filterIdleFrames({ dataset, ...idle, checkData, skipBadRecords })
      : takeRanges(rangesFrom, dataset, release);
  const { idleFilter, actionSpace, actionHorizon, successOnly, ...counting } = asked;
  const frames = { actionSpace, actionHorizon, successOnly };
  const { stats } = droidStats({
    dataset,
    ranges: idleFilter ? ranges : undefined,
    ...frames,
    ...counting,
    skipBadRecords,
  });
  const { page } = droidDataPage({ dataset, ranges, stats, ...frames, idleFilter, skipBadRecords });
  return { ranges, stats, page };
}

/** The list that openpi fetches by itself. It was made from 1.0.1, and keys of other releases are others. */
const releasedRanges = 'gs://openpi-assets/droid/droid_sample_ranges_v1_0_1.json';

function takeRanges(rangesFrom: string, dataset: Dataset, release: Release | undefined) {
  const from = rangesFrom === 'released' ? releasedRanges : rangesFrom;
  const path = /^[a-z0-9]+:\/\//.test(from) ? downloadFolder({ from }).folder : from;
  const made = rangesFrom === 'released' ? '1.0.1' : release;
  return adoptIdleRanges({ path, dataset, release: made });
}

type Dataset = Ref<Value<typeof rldsDataset>>;
type Release = '1.0.0' | '1.0.1';

interface StatsParameters extends ParametersOf<typeof statsParams> {
  readonly actionSpace?: 'joint-position' | 'joint-velocity' | undefined;
  readonly actionHorizon?: number | undefined;
  readonly batchSize?: number | undefined;
}
