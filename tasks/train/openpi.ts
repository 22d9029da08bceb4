import { resolve } from 'node:path';
import { z } from 'zod';
import { stream, task, uncounted } from '../core/task.ts';
import { idleRanges } from '../kinds/idle-ranges.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { openpiAssets } from '../kinds/openpi-assets.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { openpiCheckpoint } from '../kinds/openpi-checkpoint.ts';
import { rldsDataset } from '../kinds/rlds-dataset.ts';
import { checkoutDigests } from '../models/openpi-checkout.ts';
import { contradictionsIn, trainCommand } from './openpi-command.ts';
import { trainNeeds } from './openpi-needs.ts';

const count = z.int().min(1);

const inputs = {
  /** A checkout of openpi. Its place does not count; what `scripts/train.py` uses of it and its lock file do. */
  openpi: uncounted(z.string().min(1)),
  /** A name of src/openpi/training/config.py, such as `pi05_full_droid_finetune`. */
  config: z
    .string()
    .regex(/^[A-Za-z0-9_]+$/, { error: 'names of configurations have letters, digits and underscores' }),
  /**
   * What to train on. DROID in RLDS must lie in a folder `droid/1.0.1`; LeRobot data must be of version 2. Without it, what
   * the configuration names: a set on the hub, whose content then does not count.
   */
  dataset: z.union([rldsDataset, lerobotDataset]).optional(),
  /** Statistics, by `layOutAssets`. Without them those that the configuration names, which may be released ones. */
  assets: openpiAssets.optional(),
  /** Which of `assets`; only needed when there are several. */
  assetId: z.string().min(1).optional(),
  /** Steps of each episode to train on, for RLDS. Without it openpi fetches its released list for DROID 1.0.1. */
  ranges: idleRanges.optional(),
  /** For RLDS; without it the configuration's, joint positions for the DROID ones. */
  actionSpace: z.enum(['joint-position', 'joint-velocity']).optional(),
  /**
   * Weights to start from: a checkpoint, also a packaged one, or a path or address of a `params` folder. Without it, the configuration's.
   * PaliGemma's are no such folder: a start from them is a configuration of one's own with `PaliGemmaWeightLoader`.
   */
  weights: z.union([openpiCheckpoint, checkpoint, z.string().min(1)]).optional(),
  steps: count,
  /** In all, over all GPUs. */
  batchSize: count.optional(),
  saveInterval: count.optional(),
  /** Steps divisible by it are kept on disk by the trainer; items of the stream stay in any case. `null`: none is. */
  keepPeriod: count.nullable().optional(),
  seed: z.int().min(0).default(42),
  gpus: z.int().min(0).default(8),
  /** GPUs among which one copy of the weights is divided. */
  fsdpDevices: count.default(1),
  /** `cpu` for the debug configurations. */
  platform: z.enum(['cuda', 'cpu']).optional(),
  expName: z
    .string()
    .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/, { error: 'must do for a folder: letters, digits, dots, hyphens' })
    .default('train'),
  /** Also log to Weights & Biases. It does not count. */
  wandb: uncounted(z.boolean().default(false)),
  /** Other options of scripts/train.py, such as `{ 'lr-schedule.peak-lr': 5e-5, 'ema-decay': null }`; `null` is `None`. */
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
};

/**
 * Trains a policy with openpi's own JAX trainer, `uv run scripts/train.py`, in a checkout of the user's; the defaults ask
 * for eight GPUs of 80 GB. Checkpoints come out as they are saved, with all that training goes on from: 16 bytes for each weight that
 * is trained, before compression. The trainer deletes a checkpoint when it saves the next, unless `keepPeriod` says
 * otherwise; one that it deletes before it was copied is no item.
 *
 * Goes on from the trainer's last checkpoint after a kill. Weights, optimizer and step go on; the order of the data starts
 * again, so the result is not that of a training which was never killed. RLDS data come in random order in any case.
 *
 * Throws `wrong-inputs` for what cannot be divided among the GPUs, and for options that have inputs of their own.
 */
export const trainOpenpi = task({
  name: 'train-openpi',
  inputs,
  outputs: {
    /** One item for each saved step, named by it. Steps count from 0: the last of 20,000 is 19999. */
    checkpoints: stream(openpiCheckpoint, { match: '*/*/+([0-9])', key: 'name' }),
  },
  onPreempt: 'resume',
  env: {
    XLA_PYTHON_CLIENT_MEM_FRACTION: '0.9', // of a GPU's memory; JAX by itself takes 0.75
    UV_FROZEN: '1', // the lock file counts, so uv must not rewrite it while the job runs
    GIT_LFS_SKIP_SMUDGE: '1', // uv fetches lerobot by git, whose large files are not needed
  },
  inherits: [
    ...['OPENPI_DATA_HOME', 'HF_HOME', 'HF_DATASETS_CACHE', 'UV_CACHE_DIR', 'UV_PROJECT_ENVIRONMENT', 'UV_OFFLINE'],
    ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE', 'WANDB_API_KEY'],
  ],
  cwd: ({ openpi }) => resolve(openpi),
  resources: ({ gpus, dataset }) => ({
    gpus,
    cpus: Math.max(1, 8 * gpus),
    // openpi's README: full fine-tuning takes more than 70 GB.
    ...(gpus > 0 ? { gpuMemoryGb: 80 } : {}),
    // The shuffle buffer: 250,000 frames of two images of 180 x 320 x 3 bytes are 86 GB.
    ...(gpus > 0 && dataset?.kind === 'rlds-dataset' ? { memoryGb: 160 } : {}),
  }),
  needs: trainNeeds,
  contradictions: contradictionsIn,
  observe: ({ openpi, config }) => checkoutDigests(openpi, { script: 'scripts/train.py', config }),
  command: (settings, out, { resuming }) => trainCommand(settings, { checkpoints: out.checkpoints, resuming }),
});
