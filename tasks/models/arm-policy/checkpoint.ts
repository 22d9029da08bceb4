import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../core/artifact.ts';
import { BackendIdentity } from '../backend/identity.ts';
import { releaseFolder } from '../flow/release-folder.ts';
import type { Slot } from '../flow/layout.ts';
import type { TrainingState } from '../flow/optimizer.ts';
import { decodeTensors, encodeTensors } from '../flow/safetensors.ts';
import { loadState, saveState } from '../flow/training-state.ts';
import { flattened, named } from '../flow/weights.ts';

const size = z.int().min(1);

/** `params/config.json`: how to read `params/ema.safetensors`. */
const ArmConfig = z.object({
  format: z.literal('arm-policy/1'),
  /** As openpi counts steps: from 0, so this step's update is in the weights. */
  step: z.int().min(0),
  architecture: z.object({ horizon: size, hidden: size, inner: size, blocks: size, timeFeatures: size }),
  /** Which statistics in `assets` its numbers are mapped by. */
  assetId: z.string().min(1),
  actionSpace: z.enum(['joint-position', 'joint-velocity']),
  backend: BackendIdentity,
});
export type ArmConfig = Readonly<z.output<typeof ArmConfig>>;

interface Saved {
  readonly layout: readonly Slot[];
  readonly state: TrainingState;
  readonly config: ArmConfig;
  /** Folder of assets, which every checkpoint carries. */
  readonly assets: string;
}

/** Writes `<folder>/<step>` as openpi's trainer lays out a checkpoint: `params`, `train_state`, `assets`. */
export async function saveStep(folder: string, { layout, state, config, assets }: Saved): Promise<void> {
  await releaseFolder(join(folder, String(config.step)), async (aside) => {
    await mkdir(join(aside, 'params'), { recursive: true });
    await writeFile(
      join(aside, 'params/ema.safetensors'),
      encodeTensors({ tensors: named(layout, state.average), metadata: {} }),
    );
    await writeFile(join(aside, 'params/config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
    await cp(assets, join(aside, 'assets'), { recursive: true });
    await mkdir(join(aside, 'train_state'));
    await saveState(join(aside, 'train_state'), layout, state);
  });
}

/** The state of the furthest checkpoint in a folder; undefined when there is none. */
export async function furthestState(folder: string, layout: readonly Slot[]): Promise<TrainingState | undefined> {
  const names = await readdir(folder).catch(() => []); // the first attempt has no folder yet
  const furthest = names.filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(b) - Number(a))[0];
  return furthest === undefined ? undefined : loadState(join(folder, furthest, 'train_state'), layout);
}

export function readConfig(folder: string): Promise<ArmConfig> {
  return readJson(join(folder, 'params/config.json'), ArmConfig);
}

/** The weights of a checkpoint, in the order of the layout. */
export async function readWeights(folder: string, layout: readonly Slot[]): Promise<Float32Array> {
  const path = join(folder, 'params/ema.safetensors');
  return flattened(layout, decodeTensors(await readFile(path), path), path);
}
