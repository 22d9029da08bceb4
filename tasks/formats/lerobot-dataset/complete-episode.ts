import { Problem } from '../../../cache/problem.ts';
import type { Column, Episode, Feature } from './dataset.ts';
import { emptyColumn, isAutomatic, widthOf } from './features.ts';

/** Numbers for task texts, in the order of their first use. */
export interface TaskTable {
  readonly indexOf: (task: string) => number;
  readonly texts: () => readonly string[];
}

export function taskTable(): TaskTable {
  const indices = new Map<string, number>();
  return {
    indexOf: (task) => {
      const index = indices.get(task) ?? indices.size;
      indices.set(task, index);
      return index;
    },
    texts: () => [...indices.keys()],
  };
}

/** The episode as it is stored: checked, re-indexed, with the automatic columns, and columns in the features' order. */
export function completeEpisode(
  given: Episode,
  place: {
    readonly features: Readonly<Record<string, Feature>>;
    readonly fps: number;
    readonly index: number;
    readonly firstFrame: number;
    readonly tasks: TaskTable;
  },
): Episode {
  const { features, index } = place;
  refuseWrongShape(given, features, index);
  const automatic = automaticColumns(given, place);
  const columns = Object.keys(features).map((name) => [name, automatic[name] ?? given.columns[name]]);
  return { index, tasks: given.tasks, length: given.length, columns: Object.fromEntries(columns) };
}

function refuseWrongShape(given: Episode, features: Readonly<Record<string, Feature>>, index: number): void {
  const problems = [...episodeProblems(given), ...columnProblems(given, features)];
  if (problems.length === 0) return;
  throw new Problem('wrong-episode', [`Episode ${index} does not fit the dataset:`, ...problems].join('\n  '));
}

function* episodeProblems({ length, tasks, taskOfFrame }: Episode): Generator<string> {
  if (!Number.isInteger(length) || length < 1) yield `it has ${length} frames`;
  if (tasks.length === 0) yield 'it names no task';
  if (taskOfFrame !== undefined && taskOfFrame.length !== length) yield `taskOfFrame has ${taskOfFrame.length} entries`;
  if (taskOfFrame?.some((task) => tasks[task] === undefined)) yield 'taskOfFrame points past the list of tasks';
}

function* columnProblems({ length, columns }: Episode, features: Readonly<Record<string, Feature>>): Generator<string> {
  const unknown = Object.keys(columns).filter((name) => !Object.hasOwn(features, name));
  if (unknown.length > 0) yield `no feature is declared for ${unknown.join(', ')}`;
  for (const [name, feature] of Object.entries(features)) {
    if (isAutomatic(name)) continue;
    const column = columns[name];
    const wrong = column === undefined ? 'is missing' : columnProblem(column, feature, length);
    if (wrong !== undefined) yield `${name} ${wrong}`;
  }
}

function columnProblem(column: Column, feature: Feature, length: number): string | undefined {
  const expected = emptyColumn(feature, 0).constructor.name;
  const size = length * widthOf(feature);
  if (column.constructor.name !== expected)
    return `is a ${column.constructor.name}, ${feature.dtype} needs a ${expected}`;
  if (column.length !== size) return `has ${column.length} numbers; ${length} frames of [${feature.shape}] are ${size}`;
  const wrong = (column as Float32Array).findIndex((value) => typeof value === 'number' && !Number.isFinite(value));
  return wrong < 0 ? undefined : `is ${column[wrong]} in frame ${Math.floor(wrong / widthOf(feature))}`;
}

function automaticColumns(
  { length, tasks, taskOfFrame }: Episode,
  { fps, index, firstFrame, tasks: table }: { fps: number; index: number; firstFrame: number; tasks: TaskTable },
): Record<string, Column> {
  const indices = tasks.map((task) => BigInt(table.indexOf(task)));
  return {
    timestamp: Float32Array.from({ length }, (_, frame) => frame / fps),
    frame_index: BigInt64Array.from({ length }, (_, frame) => BigInt(frame)),
    episode_index: new BigInt64Array(length).fill(BigInt(index)),
    index: BigInt64Array.from({ length }, (_, frame) => BigInt(firstFrame + frame)),
    task_index: BigInt64Array.from({ length }, (_, frame) => indices[taskOfFrame?.[frame] ?? 0] as bigint),
  };
}
