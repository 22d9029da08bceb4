import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../core/artifact.ts';
import { BackendIdentity } from '../backend/identity.ts';
import { decodeTensors, encodeTensors } from '../flow/safetensors.ts';
import { flattened, named } from '../flow/weights.ts';
import { Architecture } from './architecture.ts';
import { Normalisation } from './features.ts';
import { layoutFor } from './flow.ts';

/** `config.json` of a checkpoint. */
const Config = z.object({
  format: z.literal('flow-policy/1'),
  /** Optimizer steps that made these weights. */
  step: z.int().min(0),
  architecture: Architecture,
  normalisation: Normalisation,
  /** Steps of Euler's method from noise to actions. */
  flowSteps: z.int().min(1),
  /** Spread of the noise that actions are made from; training sees 1. */
  noiseScale: z.number().min(0).default(1),
  /** What the weights were trained on. */
  backend: BackendIdentity,
});
export type Config = z.input<typeof Config>;

const weightsFile = 'ema.safetensors';

/** Writes a checkpoint: `config.json`, and the moving average of the weights in `ema.safetensors`. The folder is made. */
export async function writeCheckpoint(folder: string, config: Config, weights: Float32Array): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, weightsFile),
    encodeTensors({ tensors: named(layoutFor(config.architecture), weights), metadata: {} }),
  );
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
}

export async function readCheckpoint(
  folder: string,
): Promise<{ config: z.output<typeof Config>; weights: Float32Array }> {
  const config = await readJson(join(folder, 'config.json'), Config);
  const path = join(folder, weightsFile);
  const file = decodeTensors(await readFile(path), path);
  return { config, weights: flattened(layoutFor(config.architecture), file, path) };
}
