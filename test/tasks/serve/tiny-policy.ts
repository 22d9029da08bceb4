import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WireMap, WireValue } from '../../../tasks/formats/msgpack-numpy/values.ts';
import { ndarray } from '../../../tasks/formats/msgpack-numpy/numbers.ts';
import { encodeTensors } from '../../../tasks/models/flow/safetensors.ts';
import { layoutOf, sizeOf } from '../../../tasks/models/flow/layout.ts';
import { named } from '../../../tasks/models/flow/weights.ts';
import { writeCheckpoint } from '../../../tasks/models/flow-policy/checkpoint.ts';
import { layoutFor } from '../../../tasks/models/flow-policy/flow.ts';
import { golden } from '../../support/openpi-golden.ts';

const backend = { backend: 'wasm', tfjs: '4.22.0', patch: 0, dtype: 'float32' } as const;
const someWeights = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i) / 3);

/** A PushT policy with made-up weights: 2 observations, chunks of 4 actions. `work` makes it slower. */
export async function tinyPolicy(folder: string, { work = 4, hidden = 8 } = {}): Promise<string> {
  const architecture = { obsSteps: 2, horizon: 8, actionSteps: 4, hidden, inner: 8, blocks: 1, timeFeatures: 4 };
  const limits = (width: number) => ({
    min: new Array<number>(width).fill(0),
    max: new Array<number>(width).fill(512),
  });
  const path = join(folder, 'policy');
  await writeCheckpoint(
    path,
    {
      format: 'flow-policy/1',
      step: 7,
      architecture,
      normalisation: { observation: limits(18), action: limits(2), actionScale: new Array<number>(8).fill(80) },
      flowSteps: work,
      backend,
    },
    someWeights(sizeOf(layoutFor(architecture))),
  );
  return path;
}

/** A policy for DROID's arm with made-up weights and the golden statistics: chunks of 16 actions. */
export async function tinyArmPolicy(
  folder: string,
  {
    actionSpace = 'joint-position',
    scale = 1,
  }: { actionSpace?: 'joint-position' | 'joint-velocity'; scale?: number } = {},
): Promise<string> {
  const architecture = { horizon: 16, hidden: 8, inner: 8, blocks: 1, timeFeatures: 4 };
  const layout = layoutOf(architecture, 16 * 8 + 8 + 4, 16 * 8);
  const path = join(folder, 'arm', actionSpace);
  await mkdir(join(path, 'params'), { recursive: true });
  await mkdir(join(path, 'assets/droid'), { recursive: true });
  const weights = someWeights(sizeOf(layout)).map((weight) => weight * scale);
  await writeFile(
    join(path, 'params/ema.safetensors'),
    encodeTensors({ tensors: named(layout, weights), metadata: {} }),
  );
  const config = { format: 'arm-policy/1', step: 99, architecture, assetId: 'droid', actionSpace, backend };
  await writeFile(join(path, 'params/config.json'), JSON.stringify(config));
  const variants = golden<Record<string, { norm_stats: object }>>('droid_rlds/pipeline.expected.json');
  const { norm_stats } = Object.values(variants)[0] as { norm_stats: object };
  await writeFile(join(path, 'assets/droid/norm_stats.json'), JSON.stringify({ norm_stats }));
  return path;
}

/** What PushT's policy is asked; `place` moves the pusher. */
export function pushtRequest({ place = 100, noiseSeed }: { place?: number; noiseSeed?: number } = {}): WireMap {
  const corners = Float32Array.from({ length: 32 }, (_, i) => 200 + 10 * (i % 16));
  return new Map<string, WireValue>([
    ['observation/state', ndarray(Float32Array.of(place, 120, place + 1, 121), [2, 2])],
    ['observation/environment_state', ndarray(corners, [2, 16])],
    ...(noiseSeed === undefined ? [] : ([['noise_seed', noiseSeed]] as const)),
  ]);
}
