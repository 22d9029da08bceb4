import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { artifact, Problem, readJson } from '../core/task.ts';
import { assetIdsIn } from './openpi-assets.ts';

/** `config.json` of a packaged checkpoint, whose folder may have any name. The step as openpi counts: from 0. */
export const PackagedOpenpi = z.object({ format: z.string().min(1), step: z.int().min(0) });

/** What other trainers that lay out checkpoints like this say of their weights, in `params/config.json`. */
const OwnFormat = z.object({ format: z.string().min(1) });

/**
 * One step of openpi's JAX trainer: `params/` and `assets/<asset id>/norm_stats.json`, and `train_state/` where training
 * may go on from it. What is in `params` and `train_state` is orbax's own.
 *
 * The step is the folder's name, all digits, or stands in the `config.json` of a packaged one. `assets` is empty for the
 * debug configurations, which have no statistics; such a checkpoint cannot be served.
 */
export const openpiCheckpoint = artifact('openpi-checkpoint', {
  meta: z.object({
    /** How to read `params`: `openpi-jax/1`, or what stands there. */
    format: z.string(),
    step: z.int().min(0),
    assets: z.array(z.string()),
    trainState: z.boolean(),
  }),
  inspect: async (path) => {
    const missing = ['params', 'assets'].filter((name) => !existsSync(`${path}/${name}`));
    if (missing.length > 0 || (await readdir(`${path}/params`)).length === 0) {
      throw new Problem('not-openpi', `${path} has no ${missing.join(' and no ') || 'files in params'}.`, {
        hint: 'Give the folder of one step, such as checkpoints/<config>/<experiment>/19999.',
      });
    }
    const own = `${path}/params/config.json`;
    return {
      format: existsSync(own) ? (await readJson(own, OwnFormat)).format : 'openpi-jax/1',
      step: await stepOf(path),
      assets: await assetIdsIn(`${path}/assets`),
      trainState: existsSync(`${path}/train_state`),
    };
  },
});

async function stepOf(path: string): Promise<number> {
  if (existsSync(`${path}/config.json`)) return (await readJson(`${path}/config.json`, PackagedOpenpi)).step;
  const name = basename(path);
  if (/^\d+$/.test(name)) return Number(name);
  throw new Problem('step-unknown', `${path} does not say its step.`, {
    hint: 'Keep the name that openpi gave the folder, which is the step in digits, or package it: packageCheckpoint.',
  });
}
