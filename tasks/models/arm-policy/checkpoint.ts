import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackendIdentity } from '../backend/identity.ts';
import { releaseFolder } from '../flow/release-folder.ts';
import type { Slot } from '../flow/layout.ts';
import type { TrainingState } from '../flow/optimizer.ts';
import { encodeTensors } from '../flow/safetensors.ts';
import { loadState, saveState } from '../flow/training-state.ts';
import { named } from '../flow/weights.ts';

/** `params/config.json`: how to read `params/ema.safetensors`. */
export interface ArmConfig {
  readonly format: 'arm-policy/1';
  /** As openpi counts steps: from 0, so this step's update is in the weights. */
  readonly step: number;
  readonly architecture: {
    readonly horizon: number;
    readonly hidden: number;
    readonly inner: number;
    readonly blocks: number;
    readonly timeFeatures: number;
  };
  /** Which statistics in `assets` its numbers are mapped by. */
  readonly assetId: string;
  readonly actionSpace: 'joint-position' | 'joint-velocity';
  readonly backend: BackendIdentity;
}

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
