import { z } from 'zod';
import { adoptIdleRanges, adoptRlds } from '../tasks/download/adopt-rlds.ts';
import { filterIdleFrames } from '../tasks/filter/idle-frames.ts';
import { droidStats } from '../tasks/norm-stats/droid.ts';
import { droidDataPage } from '../tasks/report/droid-data-page.ts';
import { pipeline } from './core/pipeline.ts';

const count = z.int().min(1);

const params = {
  data: z.string().describe('folder of a DROID-shaped TFDS dataset, or the one above (openpi: rlds_data_dir)'),
  release: z.enum(['1.0.0', '1.0.1']).optional().describe('release of DROID that the data must be'),
  ranges: z.string().optional().describe('file of steps to train on, instead of filtering idle frames'),
  idle: z
    .object({
      idleThreshold: z.number().positive().optional().describe('rad/s; below it, between two steps, a command rests'),
      minIdleSteps: count.optional().describe('idle runs this long are cut'),
      minKeptSteps: count.optional().describe('shorter kept runs are dropped'),
      trimSteps: z.int().min(0).optional().describe('steps cut from the end of each range'),
    })
    .prefault({}),
  stats: z
    .object({
      actionSpace: z.enum(['joint-position', 'joint-velocity']).optional(),
      actionHorizon: count.optional().describe('actions in a chunk'),
      successOnly: z.boolean().optional(),
      idleFilter: z.boolean().default(true).describe('count only the steps in the ranges'),
      batchSize: count.optional().describe('frames; the one of the training'),
      maxFrames: count.optional(),
      exact: z.boolean().optional().describe('exact quantiles, which are not those of openpi'),
    })
    .prefault({}),
  checkData: z.boolean().default(false).describe('compare checksums of all data, which reads all of it'),
  skipBadRecords: z.boolean().default(false).describe('leave damaged records out and list them'),
};

/** What openpi needs before it trains on DROID: the steps to train on and the normalisation statistics; with a page. */
export default pipeline(
  'droid-prepare',
  params,
  ({ data, release, ranges: given, idle, stats: asked, checkData, skipBadRecords }) => {
    const only = release === undefined ? {} : { release };
    const { dataset } = adoptRlds({ path: data, ...only });
    const { ranges } =
      given === undefined
        ? filterIdleFrames({ dataset, ...idle, checkData, skipBadRecords })
        : adoptIdleRanges({ path: given, dataset, ...only });
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
    return { ranges, normStats: stats, page };
  },
  { description: 'Idle ranges, normalisation statistics and a data page of a DROID-shaped dataset, for openpi.' },
);
