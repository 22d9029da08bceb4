import { z } from 'zod';
import type { Ref, Value } from '../tasks/core/task.ts';
import { adoptRlds } from '../tasks/download/adopt-rlds.ts';
import type { rldsDataset } from '../tasks/kinds/rlds-dataset.ts';
import { rldsStats } from '../tasks/norm-stats/rlds.ts';
import { type Contradiction, refuseContradictions } from './core/contradictions.ts';
import { pipeline } from './core/pipeline.ts';
import { given, prepareContradictions } from './parts/prepare-contradictions.ts';
import { prepareDroid, prepareParams, statsParams } from './parts/prepare-droid.ts';

const count = z.int().min(1);

const params = {
  data: z.string().describe('folder of a DROID-shaped TFDS dataset, or the one above (openpi: rlds_data_dir)'),
  release: z.enum(['1.0.0', '1.0.1']).optional().describe('release of DROID that the data must be'),
  features: z
    .object({ state: z.array(z.string()).min(1), actions: z.array(z.string()).min(1) })
    .optional()
    .describe("of a dataset without DROID's features: statistics of these, and nothing else"),
  ...prepareParams,
  stats: z
    .object({
      actionSpace: z.enum(['joint-position', 'joint-velocity']).optional(),
      actionHorizon: count.optional().describe('actions in a chunk'),
      batchSize: count.optional().describe('frames; the one of the training'),
      ...statsParams,
    })
    .prefault({}),
};

/** What openpi needs before it trains on DROID: the steps to train on and the normalisation statistics; with a page. */
export default pipeline(
  'droid-prepare',
  params,
  ({ data, release, features, stats: asked, ...preparing }) => {
    refuseContradictions([
      ...prepareContradictions(preparing, { ...asked, release }),
      features !== undefined && besideFeatures(preparing, asked),
    ]);
    const { dataset } = adoptRlds({ path: data, release });
    if (features !== undefined) {
      const only: Record<string, Ref<unknown>> = { normStats: statsOf(dataset, features, { ...asked, ...preparing }) };
      return only;
    }
    const { ranges, stats, page } = prepareDroid(dataset, preparing, { release, stats: asked });
    return { ranges, normStats: stats, page };
  },
  { description: 'Idle ranges, normalisation statistics and a data page of a DROID-shaped dataset, for openpi.' },
);

interface Counting {
  readonly actionHorizon?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly maxFrames?: number | undefined;
  readonly exact?: boolean | undefined;
  readonly skipBadRecords: boolean;
}

function statsOf(
  dataset: Ref<Value<typeof rldsDataset>>,
  { state, actions }: { state: string[]; actions: string[] },
  { actionHorizon, batchSize, maxFrames, exact, skipBadRecords }: Counting,
) {
  const counting = { horizon: actionHorizon, batchSize, maxFrames, exact, skipBadRecords };
  return rldsStats({ dataset, stateFeatures: state, actionFeatures: actions, ...counting }).stats;
}

/** What is only done for data with DROID's features. */
function besideFeatures(
  {
    ranges,
    idle,
    checkData,
  }: { ranges?: string | undefined; idle: Readonly<Record<string, unknown>>; checkData: boolean },
  { actionSpace, successOnly }: { actionSpace?: string | undefined; successOnly?: boolean | undefined },
): Contradiction | undefined {
  const unused = [
    ...given({ ranges, 'stats.actionSpace': actionSpace, 'stats.successOnly': successOnly }),
    ...given(idle).map((name) => `idle.${name}`),
    ...(checkData ? ['checkData'] : []),
  ];
  if (unused.length === 0) return undefined;
  return {
    parameters: `features ${unused.join(' ')}`,
    why: 'of named features only statistics are made, of all frames as they are stored',
    advice: 'leave out one or the other',
  };
}
