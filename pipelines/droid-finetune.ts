import { z } from 'zod';
import { droidToLerobot } from '../tasks/convert/droid-to-lerobot.ts';
import { packageCheckpoint } from '../tasks/convert/package-checkpoint.ts';
import { Problem } from '../tasks/core/task.ts';
import { downloadRaw } from '../tasks/download/droid.ts';
import { sampleDroidRaw } from '../tasks/download/sample-droid.ts';
import { lerobotStats } from '../tasks/norm-stats/lerobot.ts';
import { lerobotDataPage } from '../tasks/report/lerobot-data-page.ts';
import { trainArmPolicy } from '../tasks/train/arm-policy.ts';
import { lastCheckpoint } from '../tasks/train/last-checkpoint.ts';
import { layOutAssets } from '../tasks/train/openpi-assets.ts';
import { trainOpenpi } from '../tasks/train/openpi.ts';
import { type Contradiction, refuseContradictions } from './core/contradictions.ts';
import { pipeline } from './core/pipeline.ts';
import { openpiContradictions, unusedAddress } from './parts/openpi-contradictions.ts';

const count = z.int().min(1);

const params = {
  data: z.string().default('data/droid_raw').describe('folder of raw DROID episodes, at any depth'),
  source: z
    .enum(['adopt', 'download', 'sample'])
    .default('adopt')
    .describe("`download`: first fetch DROID's 30 episodes of openpi's guide into `data`; `sample`: make episodes up"),
  from: z.string().optional().describe('where to download from, if not those 30'),
  sample: z
    .object({
      episodes: count.default(8),
      meanSteps: z.int().min(60).default(60).describe('control steps of an episode, on average'),
      incomplete: z.boolean().default(true).describe('four more that cannot be used'),
      seed: z.int().min(0).default(0),
    })
    .prefault({}),
  successOnly: z.boolean().default(false).describe('leave failures out; openpi trains on them too'),
  strict: z.boolean().default(false).describe('stop at episodes that cannot be used, instead of leaving them out'),
  actionSpace: z
    .enum(['joint-velocity', 'joint-position'])
    .default('joint-velocity')
    .describe('of the actions; pi05-droid was trained on velocities'),
  images: z.enum(['video', 'image']).default('video').describe('how cameras are kept; openpi keeps images'),
  codec: z.enum(['av1', 'h264']).default('av1').describe('of videos'),
  normStats: z
    .enum(['own', 'released'])
    .default('own')
    .describe('statistics of these episodes, or those that openpi released for DROID'),
  exact: z.boolean().default(false).describe('exact quantiles, which are not those of openpi'),
  actionHorizon: count.default(16).describe('actions in a chunk; that of the configuration'),
  trainer: z.enum(['openpi', 'embedded']).default('openpi').describe('`embedded`: a small policy without images'),
  openpi: z.string().default('openpi').describe('folder of a checkout of openpi'),
  config: z.string().default('pi05_droid_finetune').describe("one of openpi's training configurations"),
  steps: count.default(20_000).describe('optimizer steps'),
  batchSize: count.default(32).describe('frames per optimizer step, over all GPUs'),
  saveInterval: count.default(1000).describe('optimizer steps between checkpoints'),
  keepPeriod: count.default(5000).describe('checkpoints divisible by it are packaged, and the last'),
  gpus: count.default(1).describe('of 80 GB'),
  fsdpDevices: count.default(1).describe('GPUs among which one copy of the weights is divided'),
  seed: z.int().min(0).default(42),
  wandb: z.boolean().default(false).describe('log to Weights & Biases'),
};

/** openpi's fine-tuning of pi0.5-DROID on own recordings (examples/droid/README_train.md of openpi). */
export default pipeline(
  'droid-finetune',
  params,
  (parameters) => {
    const { data, source, sample, actionSpace, actionHorizon, batchSize, steps, keepPeriod, saveInterval } = parameters;
    refuseReleased(parameters);
    refuseContradictions([
      ...openpiContradictions({ ...parameters, reads: 'LeRobot', usual: 'pi05_droid_finetune' }),
      unusedAddress(parameters),
      unusedCodec(parameters),
    ]);

    const { successOnly, strict, images, codec } = parameters;
    const raw = {
      adopt: () => data,
      download: () => downloadRaw({ to: data, from: parameters.from }).folder,
      sample: () => sampleDroidRaw(sample).raw,
    }[source]();
    // openpi reads version 2.1 and no other.
    const settings = { successOnly, strict, actionSpace, images, codec, version: 'v2.1' } as const;
    const { dataset, left } = droidToLerobot({ raw, ...settings });

    const { stats } = lerobotStats({ dataset, horizon: actionHorizon, batchSize, exact: parameters.exact });
    const { page } = lerobotDataPage({ dataset, stats });
    const { assets } = layOutAssets({ stats });
    const learned = { dataset, steps, batchSize, saveInterval, seed: parameters.seed };
    const { openpi, config, gpus, fsdpDevices, wandb } = parameters;
    const own = parameters.normStats === 'own' ? { assets } : {};
    const { checkpoints } =
      parameters.trainer === 'embedded'
        ? trainArmPolicy({ ...learned, assets, actionSpace, actionHorizon })
        : trainOpenpi({ openpi, config, ...learned, ...own, keepPeriod, gpus, fsdpDevices, wandb });

    const packaged = checkpoints
      .filter(({ meta: { step } }) => step % keepPeriod === 0 || step === steps - 1)
      .each((checkpoint) => packageCheckpoint({ checkpoint }).checkpoint);
    const { checkpoint: policy } = lastCheckpoint({ checkpoints: packaged });
    return { dataset, left, normStats: stats, page, checkpoints: packaged, policy };
  },
  {
    description:
      'pi0.5-DROID fine-tuned on own recordings by openpi: LeRobot dataset, statistics, packaged checkpoints.',
    profiles: {
      sample: { source: 'sample', trainer: 'embedded', steps: 600, saveInterval: 150, keepPeriod: 300 },
    },
  },
);

/** The released statistics are in openpi's bucket, and only openpi fetches them. */
function refuseReleased({ normStats, trainer }: { normStats: string; trainer: string }): void {
  if (normStats !== 'released' || trainer !== 'embedded') return;
  throw new Problem('stats-not-here', 'The embedded trainer has no released statistics.', { hint: 'normStats=own' });
}

function unusedCodec({ images, codec }: { images: string; codec: string }): Contradiction | undefined {
  if (images !== 'image' || codec === 'av1') return undefined;
  return {
    parameters: `images=image codec=${codec}`,
    why: 'a codec is of videos, and none are kept',
    advice: 'images=video, or no `codec`',
  };
}
