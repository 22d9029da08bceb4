import { z } from 'zod';
import { stream, task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { normStats } from '../kinds/norm-stats.ts';
import { backendName } from '../models/backend-name.ts';
import { backendNeeds } from '../models/backend/backend-needs.ts';

/**
 * Trains a flow-matching policy with action chunks on PushT's low-dimensional state; releases a checkpoint, named by its
 * step, every `saveEvery` steps and after the last.
 *
 * Goes on after a kill from its last saved state, and ends with the same bytes as a training that was never killed.
 * `docs/training.md` has the measurements behind the defaults.
 */
export const trainFlowPolicy = task({
  name: 'train-flow-policy',
  inputs: {
    dataset: lerobotDataset,
    stats: normStats,
    steps: z.int().positive().default(6000),
    saveEvery: z.int().positive().default(1500),
    batchSize: z.int().positive().default(256),
    learningRate: z.number().positive().default(2e-3), // highest, reached after warm-up
    warmupSteps: z.int().min(0).default(200),
    weightDecay: z.number().min(0).default(0.01),
    averageDecay: z.number().min(0).lt(1).default(0.999), // of the moving average of weights, per step
    maxGradientNorm: z.number().positive().default(1),
    obsSteps: z.int().min(1).max(8).default(2),
    horizon: z.int().min(1).default(16), // actions in a chunk
    actionSteps: z.int().min(1).default(4), // of them carried out
    flowSteps: z.int().min(1).default(20), // from noise to actions, when acting
    noiseScale: z.number().min(0).default(0.75), // spread of the noise, when acting
    hidden: z.int().min(4).default(192), // width of the residual stream
    inner: z.int().min(4).default(192), // width inside a block
    blocks: z.int().min(1).default(2),
    timeFeatures: z.int().min(2).multipleOf(2).default(16),
    mirror: z.boolean().default(true), // learn from mirror images too
    seed: z.int().min(0).default(1),
    backend: backendName.default('wasm'),
  },
  outputs: { checkpoints: stream(checkpoint) },
  onPreempt: 'resume',
  resources: { cpus: 1 },
  needs: backendNeeds,
  contradictions: ({ actionSteps = 0, horizon = Infinity }) =>
    actionSteps <= horizon ? [] : [`actionSteps ${actionSteps} are more than a chunk has: horizon is ${horizon}`],
  observe: async ({ backend }) => {
    const { describeBackend } = await import('../models/backend/open-backend.ts');
    return describeBackend(backend);
  },
  run: async ({ dataset, stats, ...settings }, out, attempt) => {
    const { trainAndSave } = await import('../models/flow-policy/train-and-save.ts');
    const checkpoints = await trainAndSave(
      { dataset: dataset.path, stats: stats.path, folder: out.checkpoints },
      settings,
      attempt,
    );
    return { checkpoints };
  },
});
