import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { readJson } from '../../core/artifact.ts';
import type { Attempt } from '../../core/spec.ts';
import { NormStatsFile } from '../../kinds/norm-stats.ts';
import { openBackend } from '../backend/open-backend.ts';
import type { BackendName } from '../backend-name.ts';
import type { TrainingState } from '../flow/optimizer.ts';
import { releaseFolder } from '../flow/release-folder.ts';
import { runSteps } from '../flow/run-steps.ts';
import { initialState, trainer, type TrainingSettings } from '../flow/trainer.ts';
import { loadState, saveState } from '../flow/training-state.ts';
import type { Architecture } from './architecture.ts';
import { type Config, writeCheckpoint } from './checkpoint.ts';
import { actionWidth, type Normalisation, observationWidth } from './features.ts';
import { layoutFor } from './flow.ts';
import { columns, readRecordings } from './recordings.ts';
import { windowsOf } from './windows.ts';

export interface FlowPolicySettings extends TrainingSettings, Architecture {
  readonly saveEvery: number;
  readonly flowSteps: number;
  readonly noiseScale: number;
  readonly mirror: boolean;
  readonly backend: BackendName;
}

/**
 * Trains and writes a checkpoint folder `000500` for each saved step; gives their paths in order of steps.
 *
 * Goes on from the state in `folder` when there is one, and ends with the same bytes.
 */
export async function trainAndSave(
  paths: { readonly dataset: string; readonly stats: string; readonly folder: string },
  settings: FlowPolicySettings,
  attempt: Pick<Attempt, 'report' | 'signal'>,
): Promise<string[]> {
  const { steps, saveEvery } = settings;
  const architecture = architectureOf(settings);
  const backend = await openBackend(settings.backend);
  const ranges = await readRanges(paths.stats);
  const windows = windowsOf(await readRecordings(paths.dataset, settings), architecture, ranges.observation);
  const layout = layoutFor(architecture);
  const config = (step: number): Config => ({
    format: 'flow-policy/1',
    step,
    architecture,
    normalisation: { ...ranges, actionScale: [...windows.actionScale] },
    flowSteps: settings.flowSteps,
    noiseScale: settings.noiseScale,
    backend: backend.identity,
  });

  await mkdir(paths.folder, { recursive: true });
  const state = (await loadState(paths.folder, layout)) ?? initialState(layout, settings.seed);
  const { timeFeatures } = architecture;
  const train = trainer(backend, { samples: windows, layout, timeFeatures, settings });
  const save = async (now: TrainingState): Promise<void> => {
    const item = join(paths.folder, folderName(now.step));
    await releaseFolder(item, (aside) => writeCheckpoint(aside, config(now.step), now.average));
    await saveState(paths.folder, layout, now);
  };
  const isSaved = (done: number): boolean => done % saveEvery === 0 || done === steps;
  await runSteps(state, train, { steps, isSaved, save }, attempt);
  return savedSteps(steps, saveEvery).map((step) => join(paths.folder, folderName(step)));
}

function architectureOf(settings: FlowPolicySettings): Architecture {
  const { obsSteps, horizon, actionSteps, hidden, inner, blocks, timeFeatures } = settings;
  if (actionSteps > horizon) {
    throw new Problem(
      'chunk-too-short',
      `actionSteps=${actionSteps} actions cannot be taken from a chunk of horizon=${horizon}.`,
      {
        hint: `horizon=${actionSteps}`,
      },
    );
  }
  return { obsSteps, horizon, actionSteps, hidden, inner, blocks, timeFeatures };
}

/** The ranges that the policy's numbers are mapped from. */
async function readRanges(path: string): Promise<Pick<Normalisation, 'observation' | 'action'>> {
  const file = path.endsWith('.json') ? path : join(path, 'norm_stats.json');
  const { norm_stats: stats } = await readJson(file, NormStatsFile);
  const range = (name: string, width: number) => {
    const { min, max } = stats[name] ?? {};
    if (min?.length === width && max?.length === width) return { min, max };
    throw new Problem('stats-missing', `${file} has no "min" and "max" of ${width} numbers for "${name}".`, {
      hint: `Make it with the task dataset-stats, whose keys include ${name}.`,
    });
  };
  const [state, corners] = [range(columns.state, 2), range(columns.corners, observationWidth - 2)];
  return {
    observation: { min: [...state.min, ...corners.min], max: [...state.max, ...corners.max] },
    action: range(columns.action, actionWidth),
  };
}

/** Steps after which a checkpoint is saved: every `saveEvery`, and the last. */
function savedSteps(steps: number, saveEvery: number): number[] {
  return Array.from({ length: Math.ceil(steps / saveEvery) }, (_, i) => Math.min(steps, (i + 1) * saveEvery));
}

function folderName(step: number): string {
  return String(step).padStart(6, '0');
}
