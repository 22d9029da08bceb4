import { z } from 'zod';
import { packageCheckpoint } from '../tasks/convert/package-checkpoint.ts';
import { Problem } from '../tasks/core/task.ts';
import { adoptRlds } from '../tasks/download/adopt-rlds.ts';
import { downloadRlds } from '../tasks/download/droid.ts';
import { sampleDroidRlds } from '../tasks/download/sample-droid.ts';
import { trainArmPolicy } from '../tasks/train/arm-policy.ts';
import { lastCheckpoint } from '../tasks/train/last-checkpoint.ts';
import { layOutAssets } from '../tasks/train/openpi-assets.ts';
import { trainOpenpi } from '../tasks/train/openpi.ts';
import { refuseContradictions } from './core/contradictions.ts';
import { pipeline } from './core/pipeline.ts';
import { openpiContradictions, unusedAddress } from './parts/openpi-contradictions.ts';
import { prepareContradictions, rangesOfOthers } from './parts/prepare-contradictions.ts';
import { prepareDroid, prepareParams, statsParams } from './parts/prepare-droid.ts';

const count = z.int().min(1);

const params = {
  data: z.string().default('data/droid/1.0.1').describe('folder where DROID lies, or is to come to lie (1.87 TB)'),
  source: z
    .enum(['download', 'adopt', 'sample'])
    .default('download')
    .describe('`adopt`: take what lies at `data` as it is; `sample`: make up data of the same shape'),
  from: z.string().optional().describe("where to download from, if not from DROID's own bucket"),
  sample: z
    .object({
      episodes: count.default(24),
      meanSteps: z.int().min(60).default(120).describe('control steps of an episode, on average'),
      shards: count.default(4),
      seed: z.int().min(0).default(0),
    })
    .prefault({}),
  ...prepareParams,
  stats: z.object(statsParams).prefault({}),
  actionSpace: z
    .enum(['joint-position', 'joint-velocity'])
    .default('joint-position')
    .describe('velocities cannot be evaluated in simulation'),
  actionHorizon: count.default(16).describe('actions in a chunk; that of the configuration'),
  trainer: z.enum(['openpi', 'embedded']).default('openpi').describe('`embedded`: a small policy without images'),
  openpi: z.string().default('openpi').describe('folder of a checkout of openpi'),
  start: z
    .enum(['pi05-base', 'paligemma'])
    .default('pi05-base')
    .describe('weights to start from; `paligemma` needs a `config` of your own, and more steps'),
  config: z.string().default('pi05_full_droid_finetune').describe("one of openpi's training configurations"),
  steps: count.optional().describe('optimizer steps; 100,000, from PaliGemma 240,000'),
  batchSize: count.default(256).describe('frames per optimizer step, over all GPUs'),
  saveInterval: count.default(5000).describe('optimizer steps between checkpoints'),
  keepPeriod: count.default(10_000).describe('checkpoints divisible by it are packaged, and the last'),
  gpus: count.default(8),
  fsdpDevices: count.default(1).describe('GPUs among which one copy of the weights is divided'),
  seed: z.int().min(0).default(42),
  wandb: z.boolean().default(false).describe('log to Weights & Biases'),
};

const stockConfig = 'pi05_full_droid_finetune';

/**
 * openpi's pi0.5 on all of DROID (examples/droid/README_train.md of openpi), with the statistics and the steps to train on
 * made from the very data: two days on eight H100.
 */
export default pipeline(
  'droid-full',
  params,
  (parameters) => {
    const { data, source, sample, actionSpace, actionHorizon, batchSize, keepPeriod, trainer, saveInterval } =
      parameters;
    refuseStockStart(parameters);
    refuseContradictions([
      ...openpiContradictions({ ...parameters, normStats: 'own', reads: 'RLDS', usual: stockConfig }),
      unusedAddress(parameters),
      ...prepareContradictions(parameters, { ...parameters.stats, batchSize, release: '1.0.1' }),
      source === 'sample' &&
        parameters.ranges === 'released' &&
        rangesOfOthers('source=sample', 'the data are made up'),
    ]);
    const steps = parameters.steps ?? (parameters.start === 'paligemma' ? 240_000 : 100_000);

    const { dataset } = {
      download: () => downloadRlds({ to: data, release: '1.0.1', from: parameters.from }),
      adopt: () => adoptRlds({ path: data, release: '1.0.1' }),
      sample: () => sampleDroidRlds(sample),
    }[source]();
    const { ranges, stats, page } = prepareDroid(dataset, parameters, {
      release: '1.0.1',
      stats: { ...parameters.stats, actionSpace, actionHorizon, batchSize },
    });

    const { assets } = layOutAssets({ stats });
    const learned = { dataset, assets, ranges, actionSpace, steps, batchSize, saveInterval, seed: parameters.seed };
    const { openpi, config, gpus, fsdpDevices, wandb } = parameters;
    const { checkpoints } =
      trainer === 'embedded'
        ? trainArmPolicy({ ...learned, actionHorizon })
        : trainOpenpi({ openpi, config, ...learned, keepPeriod, gpus, fsdpDevices, wandb });

    const packaged = checkpoints
      .filter(({ meta: { step } }) => step % keepPeriod === 0 || step === steps - 1)
      .each((checkpoint) => packageCheckpoint({ checkpoint }).checkpoint);
    const { checkpoint: policy } = lastCheckpoint({ checkpoints: packaged });
    return { ranges, normStats: stats, page, checkpoints: packaged, policy };
  },
  {
    description: 'pi0.5 on all of DROID by openpi: ranges, statistics, eight H100 for two days, packaged checkpoints.',
    profiles: {
      sample: {
        source: 'sample',
        trainer: 'embedded',
        batchSize: 64,
        steps: 1200,
        saveInterval: 300,
        keepPeriod: 600,
      },
    },
  },
);

/** openpi's options choose a folder of weights, not the loader that knows PaliGemma's file. */
function refuseStockStart({ start, config, trainer }: { start: string; config: string; trainer: string }): void {
  if (start !== 'paligemma' || config !== stockConfig || trainer !== 'openpi') return;
  throw new Problem('config-starts-elsewhere', `openpi's ${stockConfig} starts from pi05-base, not from PaliGemma.`, {
    hint: `Copy that configuration in src/openpi/training/config.py of your checkout under a name of its own, with weight_loader=weight_loaders.PaliGemmaWeightLoader(), and give config=THAT_NAME.`,
  });
}
