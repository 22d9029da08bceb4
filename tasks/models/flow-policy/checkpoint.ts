import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import { readJson } from '../../core/artifact.ts';
import { BackendIdentity } from '../backend/identity.ts';
import { Architecture, type Slot, sizeOf } from './architecture.ts';
import { Normalisation } from './features.ts';
import { layoutFor } from './flow.ts';
import { decodeTensors, encodeTensors, type NamedTensor, type TensorFile } from './safetensors.ts';

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

/** The slots of a flat vector, as tensors. Biases are vectors. */
export function named(layout: readonly Slot[], flat: Float32Array, prefix = ''): Record<string, NamedTensor> {
  return Object.fromEntries(
    layout.map(({ name, rows, columns, offset }) => {
      const shape = name.endsWith('.bias') ? [columns] : [rows, columns];
      return [`${prefix}${name}`, { shape, values: flat.subarray(offset, offset + rows * columns) }];
    }),
  );
}

/** The inverse of `named`. Refuses a file whose tensors are others than those of the layout. */
export function flattened(layout: readonly Slot[], { tensors }: TensorFile, source: string, prefix = ''): Float32Array {
  const flat = new Float32Array(sizeOf(layout));
  const wrong = layout.filter(
    ({ name, rows, columns }) => tensors[`${prefix}${name}`]?.values.length !== rows * columns,
  );
  if (wrong.length > 0) {
    const names = wrong.map(({ name, rows, columns }) => `${prefix}${name} [${rows}, ${columns}]`).join(', ');
    throw new Problem(
      'weights-differ',
      `${source} lacks what config.json calls for, or has it in another size: ${names}.`,
    );
  }
  for (const { name, offset } of layout) flat.set((tensors[`${prefix}${name}`] as NamedTensor).values, offset);
  return flat;
}
