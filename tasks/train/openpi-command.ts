import { basename, dirname } from 'node:path';
import type { z } from 'zod';
import { type Artifact, Problem } from '../core/task.ts';
import type { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import type { rldsDataset } from '../kinds/rlds-dataset.ts';

type Rlds = z.output<typeof rldsDataset>;
type Lerobot = z.output<typeof lerobotDataset>;
type Files = Pick<Artifact<string, unknown>, 'path'>;
type Value = string | number | boolean | null;

/** What the command line of scripts/train.py is made from; `trainOpenpi` says what each means. */
export interface TrainSettings {
  readonly config: string;
  readonly dataset?: Rlds | Lerobot | undefined;
  readonly assets?: (Files & { readonly meta: { readonly ids: readonly string[] } }) | undefined;
  readonly assetId?: string | undefined;
  readonly ranges?: Files | undefined;
  readonly actionSpace?: 'joint-position' | 'joint-velocity' | undefined;
  readonly weights?: Files | string | undefined;
  readonly steps: number;
  readonly batchSize?: number | undefined;
  readonly saveInterval?: number | undefined;
  readonly keepPeriod?: number | null | undefined;
  readonly seed: number;
  readonly gpus: number;
  readonly fsdpDevices: number;
  readonly platform?: 'cuda' | 'cpu' | undefined;
  readonly expName: string;
  readonly wandb: boolean;
  readonly options: Readonly<Record<string, Value>>;
}

/**
 * The argument list, as openpi at commit 15a9616 takes it: the configuration first, then options.
 *
 * Never `--overwrite`, which deletes a training that is there; `--no-overwrite` because the debug configurations overwrite
 * by themselves. A folder that is not there yet is a fresh training with and without `--resume`.
 */
export function trainCommand(
  settings: TrainSettings,
  { checkpoints, resuming }: { checkpoints: string; resuming: boolean },
): string[] {
  const { assets, ranges } = settings;
  const kinds = { dataset: settings.dataset?.kind, assets: assets && 'openpi-assets', ranges: ranges && 'idle-ranges' };
  refuse(settings, [...contradictionsIn(settings, kinds), ...unfitIn(settings)]);
  const { dataset, options, config } = settings;
  const own = ownOptions(settings, checkpoints);
  const rlds = dataset?.kind === 'rlds-dataset' ? ['--group', 'rlds'] : [];
  const environment = [
    ...(settings.platform ? [`JAX_PLATFORMS=${settings.platform}`] : []),
    // LeRobot looks for a dataset at this place and below it at its repo id.
    ...(dataset?.kind === 'lerobot-dataset' ? [`HF_LEROBOT_HOME=${dirname(dataset.path)}`] : []),
  ];
  return [
    ...(environment.length > 0 ? ['env', ...environment] : []),
    ...['uv', 'run', ...rlds, 'scripts/train.py', config],
    ...Object.entries({ ...own, ...options, overwrite: false }).map(([name, value]) => written(name, value)),
    ...(resuming ? ['--resume'] : []),
  ];
}

function refuse({ config }: Partial<TrainSettings>, problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new Problem('wrong-inputs', [`openpi cannot train ${config ?? 'this'} so:`, ...problems].join('\n  '));
}

/** What can be told to fail before any input exists; `settings` may lack what is not known yet. */
export function contradictionsIn(settings: Partial<TrainSettings>, kinds: Kinds): string[] {
  return [...amongDevices(settings), ...ofSaving(settings), ...ofData(settings, kinds)];
}

/** Of the inputs that are files, those that are still to come included. */
interface Kinds {
  readonly dataset?: string | undefined;
  readonly assets?: string | undefined;
  readonly ranges?: string | undefined;
}

function amongDevices({ batchSize, gpus, fsdpDevices, platform }: Partial<TrainSettings>): string[] {
  const devices = gpus === undefined ? undefined : Math.max(1, gpus);
  const problems: string[] = [];
  if (batchSize !== undefined && devices !== undefined && batchSize % devices !== 0) {
    const next = Math.ceil(batchSize / devices) * devices;
    problems.push(`batchSize ${batchSize} does not divide among ${devices} GPUs; ${next} does`);
  }
  if (fsdpDevices !== undefined && devices !== undefined && devices % fsdpDevices !== 0) {
    problems.push(`${devices} GPUs do not divide into groups of fsdpDevices ${fsdpDevices}`);
  }
  if (platform === 'cuda' && gpus === 0) problems.push('platform cuda needs gpus, and gpus is 0');
  return problems;
}

/** The trainer saves what saveInterval divides; it never comes by a step that only keepPeriod divides. */
function ofSaving({ saveInterval, keepPeriod }: Partial<TrainSettings>): string[] {
  if (!saveInterval || !keepPeriod || keepPeriod % saveInterval === 0) return [];
  const next = Math.ceil(keepPeriod / saveInterval) * saveInterval;
  return [`keepPeriod ${keepPeriod} is no multiple of saveInterval ${saveInterval}, after which it saves; ${next} is`];
}

function ofData({ actionSpace, assetId, options = {} }: Partial<TrainSettings>, kinds: Kinds): string[] {
  const problems: string[] = [];
  if (kinds.ranges !== undefined && kinds.dataset !== undefined && kinds.dataset !== 'rlds-dataset')
    problems.push('ranges: only a dataset in RLDS is filtered by them');
  if (actionSpace !== undefined && kinds.dataset === 'lerobot-dataset')
    problems.push('actionSpace: LeRobot data have the actions that they have');
  if (kinds.dataset === 'lerobot-dataset' && Object.keys(options).some((name) => dashed(name) === 'data.repo-id'))
    problems.push('options["data.repo-id"]: it would name another set than dataset');
  if (kinds.assets === undefined && assetId !== undefined)
    problems.push('assetId: it chooses among assets, which are not given');
  for (const name of Object.keys(options)) {
    const instead = inputFor.get(dashed(name));
    if (instead !== undefined) problems.push(`options["${name}"]: ${instead}`);
  }
  return problems;
}

/** Options that have inputs of their own, or would break what the task promises. */
const inputFor = new Map([
  ['exp-name', 'give expName'],
  ['num-train-steps', 'give steps'],
  ['batch-size', 'give batchSize'],
  ['save-interval', 'give saveInterval'],
  ['keep-period', 'give keepPeriod'],
  ['seed', 'give seed'],
  ['fsdp-devices', 'give fsdpDevices'],
  ['wandb-enabled', 'give wandb'],
  ['weight-loader.params-path', 'give weights'],
  ['data.rlds-data-dir', 'give dataset, by adoptRlds, so that its content counts'],
  ['data.action-space', 'give actionSpace'],
  ['data.datasets.0.filter-dict-path', 'give ranges'],
  ['checkpoint-base-dir', 'checkpoints go to the output of the task'],
  ['overwrite', 'it would delete a training that is there'],
  ['resume', 'the task resumes by itself'],
  ['no-overwrite', 'it is given always'],
  ['no-resume', 'the task resumes by itself'],
  ['no-wandb-enabled', 'give wandb'],
]);

/** What can be told only from what the inputs turned out to be. */
function unfitIn({ dataset, assets, assetId, ranges, actionSpace }: TrainSettings): string[] {
  const isRlds = dataset?.kind === 'rlds-dataset';
  const problems: string[] = [];
  if (ranges && !dataset) problems.push('ranges: only a dataset in RLDS is filtered by them');
  if (actionSpace && !dataset) problems.push('actionSpace: it is of a dataset, which is not given');
  if (isRlds && !isPlaced(dataset.path) && !dataset.path.endsWith('/droid/1.0.1')) {
    const link = `mkdir -p DATA/droid && ln -s ${dataset.path} DATA/droid/1.0.1`;
    problems.push(`dataset: openpi reads DATA/droid/1.0.1, not ${dataset.path}; make a link and adopt that: ${link}`);
  }
  if (dataset?.kind === 'lerobot-dataset' && !dataset.meta.codebase_version.startsWith('v2.')) {
    problems.push(`dataset: openpi reads LeRobot data of version 2, not ${dataset.meta.codebase_version}`);
  }
  const ids = assets?.meta.ids ?? [];
  if (assets && assetId === undefined && ids.length > 1) problems.push(`assetId: choose one of ${ids.join(', ')}`);
  if (assets && assetId !== undefined && !ids.includes(assetId)) {
    problems.push(`assetId: assets have ${ids.join(', ')}, not "${assetId}"`);
  }
  return problems;
}

/** In a recipe, a path is only the place of an input. */
function isPlaced(path: string): boolean {
  return path.startsWith('/@in/');
}

function ownOptions(settings: TrainSettings, checkpoints: string): Record<string, Value> {
  const { dataset, assets, ranges, actionSpace, weights, batchSize, saveInterval, keepPeriod } = settings;
  return {
    'exp-name': settings.expName,
    'checkpoint-base-dir': checkpoints,
    'num-train-steps': settings.steps,
    ...(batchSize === undefined ? {} : { 'batch-size': batchSize }),
    ...(saveInterval === undefined ? {} : { 'save-interval': saveInterval }),
    ...(keepPeriod === undefined ? {} : { 'keep-period': keepPeriod }),
    seed: settings.seed,
    'fsdp-devices': settings.fsdpDevices,
    'wandb-enabled': settings.wandb,
    ...(dataset?.kind === 'rlds-dataset' ? { 'data.rlds-data-dir': dirname(dirname(dataset.path)) } : {}),
    ...(dataset?.kind === 'lerobot-dataset' ? { 'data.repo-id': basename(dataset.path) } : {}),
    ...(assets ? { 'data.assets.assets-dir': assets.path } : {}),
    ...(assets ? { 'data.assets.asset-id': settings.assetId ?? (assets.meta.ids[0] as string) } : {}),
    ...(ranges ? { 'data.datasets.0.filter-dict-path': ranges.path } : {}),
    ...(actionSpace ? { 'data.action-space': actionSpaces[actionSpace] } : {}),
    ...(weights === undefined ? {} : { 'weight-loader.params-path': paramsOf(weights) }),
  };
}

const actionSpaces = { 'joint-position': 'JOINT_POSITION', 'joint-velocity': 'JOINT_VELOCITY' } as const;

function paramsOf(weights: Files | string): string {
  return typeof weights === 'string' ? weights : `${weights.path}/params`;
}

/** As tyro takes it: flags in pairs, `None` for nothing. */
function written(name: string, value: Value): string {
  const option = dashed(name);
  if (typeof value !== 'boolean') return `--${option}=${value ?? 'None'}`;
  if (value) return `--${option}`;
  const at = option.lastIndexOf('.') + 1;
  return `--${option.slice(0, at)}no-${option.slice(at)}`;
}

/** tyro takes `_` for `-`. */
function dashed(name: string): string {
  return name.replaceAll('_', '-');
}
