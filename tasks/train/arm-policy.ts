import { z } from 'zod';
import { stream, task } from '../core/task.ts';
import { idleRanges } from '../kinds/idle-ranges.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { openpiAssets } from '../kinds/openpi-assets.ts';
import { openpiCheckpoint } from '../kinds/openpi-checkpoint.ts';
import { rldsDataset } from '../kinds/rlds-dataset.ts';
import { backendName } from '../models/backend-name.ts';
import { backendNeeds } from '../models/backend/backend-needs.ts';

const count = z.int().min(1);

/**
 * Trains a small flow-matching policy that gives a chunk of arm actions for joint and gripper positions: no images, no
 * language, minutes on a CPU. It stands where openpi's trainer does: the same data, ranges and statistics go in, checkpoints
 * of the same layout and names come out, with our weights in `params`.
 *
 * All frames are held in memory: 600 bytes each with chunks of 16 actions.
 */
export const trainArmPolicy = task({
  name: 'train-arm-policy',
  inputs: {
    /** DROID in RLDS, or DROID data in LeRobot's format. */
    dataset: z.union([rldsDataset, lerobotDataset]),
    /** Statistics, by `layOutAssets`. */
    assets: openpiAssets,
    assetId: z.string().min(1).default('droid'),
    /** Steps of each episode to train on, for RLDS; all steps without it. */
    ranges: idleRanges.optional(),
    actionSpace: z.enum(['joint-position', 'joint-velocity']).default('joint-position'),
    actionHorizon: count.default(16), // actions in a chunk
    steps: count,
    saveInterval: count.default(1000),
    batchSize: count.default(64), // frames per optimizer step
    learningRate: z.number().positive().default(2e-3), // highest, reached after warm-up
    warmupSteps: z.int().min(0).default(50),
    weightDecay: z.number().min(0).default(0.01),
    averageDecay: z.number().min(0).lt(1).default(0.99), // of the moving average of weights, per step
    maxGradientNorm: z.number().positive().default(1),
    hidden: z.int().min(4).default(128), // width of the residual stream
    inner: z.int().min(4).default(128), // width inside a block
    blocks: z.int().min(1).default(2),
    timeFeatures: z.int().min(2).multipleOf(2).default(16),
    seed: z.int().min(0).default(42),
    backend: backendName.default('wasm'),
  },
  outputs: { checkpoints: stream(openpiCheckpoint) },
  onPreempt: 'resume',
  resources: { cpus: 1 },
  needs: backendNeeds,
  contradictions: (_, { dataset, ranges }) =>
    ranges === undefined || dataset !== 'lerobot-dataset' ? [] : ['ranges: only a dataset in RLDS is filtered by them'],
  observe: async ({ backend }) => {
    const { describeBackend } = await import('../models/backend/open-backend.ts');
    return describeBackend(backend);
  },
  run: async ({ dataset, assets, ranges, actionHorizon, ...settings }, out, attempt) => {
    const { lerobotFrames, rldsFrames } = await import('../models/arm-policy/frames.ts');
    const { trainAndSave } = await import('../models/arm-policy/train-and-save.ts');
    const { actionSpace } = settings;
    const frames =
      dataset.kind === 'rlds-dataset'
        ? await rldsFrames(dataset.path, { actionSpace, actionHorizon, ranges: ranges?.path })
        : await lerobotFrames(dataset.path, { actionHorizon });
    const checkpoints = await trainAndSave({ frames, assets: assets.path, folder: out.checkpoints }, settings, attempt);
    return { checkpoints };
  },
});
