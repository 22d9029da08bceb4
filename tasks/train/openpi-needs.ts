import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { reachable } from '../core/needs.ts';
import { fileAt, type Need, program } from '../core/task.ts';
import { checkoutAdvice } from '../models/openpi-checkout.ts';
import type { TrainSettings } from './openpi-command.ts';

/** What a training by openpi needs of the place. The weights and statistics that a configuration names are not looked for. */
export function trainNeeds(inputs: Partial<TrainSettings> & { openpi?: string }): Need[] {
  const { openpi, config, wandb } = inputs;
  const isDebug = config?.startsWith('debug') === true; // made-up data, no prompt, so no tokenizer
  return [
    program('uv', 'Install uv (https://docs.astral.sh/uv) and put it on PATH.'),
    program('git', 'Install git: uv fetches lerobot with it.'),
    ...(openpi === undefined ? [] : [checkoutAt(openpi)]),
    ...(isDebug ? [] : [tokenizer]),
    ...(wandb === true ? [wandbKey] : []),
  ];
}

function checkoutAt(openpi: string): Need {
  return fileAt(resolve(openpi, 'scripts/train.py'), {
    what: 'a checkout of openpi',
    advice: checkoutAdvice,
  });
}

const bucketHost = 'storage.googleapis.com';

/** openpi takes the tokenizer from a public bucket, once, and keeps it. */
const tokenizer: Need = {
  advice:
    'Connect to the network, or fill OPENPI_DATA_HOME on a machine that is and copy it here: big_vision/paligemma_tokenizer.model, and openpi-assets/ with the weights.',
  missing: async (host) => {
    const cache = process.env.OPENPI_DATA_HOME ?? join(homedir(), '.cache', 'openpi');
    const file = join(cache, 'big_vision', 'paligemma_tokenizer.model');
    if (existsSync(file)) return undefined;
    const unreached = await reachable(bucketHost, '').missing(host);
    return unreached && `there is no tokenizer at ${file}, and ${unreached}`;
  },
};

const wandbKey: Need = {
  advice: 'export WANDB_API_KEY=…, or train with wandb: false.',
  missing: async () => {
    if (process.env.WANDB_API_KEY !== undefined || existsSync(join(homedir(), '.netrc'))) return undefined;
    return 'wandb is on, and there is no WANDB_API_KEY in the environment nor a ~/.netrc';
  },
};
