import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt } from '../../core/spec.ts';
import { openBackend } from '../backend/open-backend.ts';
import type { BackendName } from '../backend-name.ts';
import { inputsOf } from '../flow/batches.ts';
import { layoutOf } from '../flow/layout.ts';
import type { TrainingState } from '../flow/optimizer.ts';
import { runSteps } from '../flow/run-steps.ts';
import { initialState, trainer, type TrainingSettings } from '../flow/trainer.ts';
import { type ArmConfig, furthestState, saveStep } from './checkpoint.ts';
import { type ArmFrames, armWidth } from './frames.ts';
import { normalise, readQuantiles } from './normalise.ts';

export interface ArmSettings extends TrainingSettings {
  readonly saveInterval: number;
  readonly hidden: number;
  readonly inner: number;
  readonly blocks: number;
  readonly timeFeatures: number;
  readonly assetId: string;
  readonly actionSpace: ArmConfig['actionSpace'];
  readonly backend: BackendName;
}

/**
 * Trains on frames held in memory and writes a checkpoint folder for each saved step; gives their paths in order.
 *
 * Steps are saved and named as openpi's JAX trainer does: those divisible by `saveInterval` but 0, and the last, which is
 * `steps - 1`. Goes on from the furthest checkpoint in `folder`, and ends with the same bytes.
 */
export async function trainAndSave(
  { frames, assets, folder }: { frames: ArmFrames; assets: string; folder: string },
  settings: ArmSettings,
  attempt: Pick<Attempt, 'report' | 'signal'>,
): Promise<string[]> {
  const { steps, saveInterval, hidden, inner, blocks, timeFeatures, assetId, actionSpace } = settings;
  const backend = await openBackend(settings.backend);
  const quantiles = await readQuantiles(assets, { assetId, width: armWidth });
  const [features, chunks] = [frames.states.slice(), frames.chunks.slice()];
  normalise(features, armWidth, quantiles.state);
  normalise(chunks, armWidth, quantiles.actions);

  const samples = { count: frames.count, features, chunks };
  const outputs = chunks.length / frames.count;
  const layout = layoutOf(settings, inputsOf(samples, timeFeatures), outputs);
  await mkdir(folder, { recursive: true });
  const state = (await furthestState(folder, layout)) ?? initialState(layout, settings.seed);
  const architecture = { horizon: outputs / armWidth, hidden, inner, blocks, timeFeatures };
  const save = async (now: TrainingState): Promise<void> => {
    const named = { format: 'arm-policy/1', step: now.step - 1, architecture, assetId, actionSpace } as const;
    await saveStep(folder, { layout, state: now, config: { ...named, backend: backend.identity }, assets });
  };
  const train = trainer(backend, { samples, layout, timeFeatures, settings });
  const saved = savedSteps(steps, saveInterval);
  await runSteps(state, train, { steps, isSaved: (done) => saved.includes(done - 1), save }, attempt);
  return saved.map((step) => join(folder, String(step)));
}

/** Steps, counted from 0, after which a checkpoint is saved. */
function savedSteps(steps: number, saveInterval: number): number[] {
  const regular = Array.from({ length: Math.ceil(steps / saveInterval) - 1 }, (_, i) => (i + 1) * saveInterval);
  return [...new Set([...regular.filter((step) => step < steps), steps - 1])];
}
