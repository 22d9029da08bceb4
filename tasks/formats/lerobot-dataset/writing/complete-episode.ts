import { Problem } from '../../../../cache/problem.ts';
import type { Column, Episode, Feature } from '../schema/dataset.ts';
import { emptyColumn, isAutomatic, isImage, isNumeric, isString, isVideo, widthOf } from '../schema/features.ts';
import { imageSize, pngSize } from '../schema/image-size.ts';

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
  incoming: Episode,
  context: {
    readonly features: Readonly<Record<string, Feature>>;
    readonly fps: number;
    readonly index: number;
    readonly firstFrame: number;
    readonly tasks: TaskTable;
  },
): Episode {
  const { features, index } = context;
  refuseWrongShape(incoming, features, index);
  const automatic = automaticColumns(incoming, context);
  const numeric = Object.keys(features).filter((name) => isNumeric(features[name] as Feature));
  const columns = Object.fromEntries(
    numeric.map((name) => [name, (automatic[name] ?? incoming.columns[name]) as Column]),
  );
  const { tasks, length, strings = {}, images = {}, videos = {} } = incoming;
  return { index, tasks, length, columns, strings, images, videos };
}

function refuseWrongShape(incoming: Episode, features: Readonly<Record<string, Feature>>, index: number): void {
  const problems = [...episodeProblems(incoming), ...columnProblems(incoming, features)];
  if (problems.length === 0) return;
  throw new Problem('wrong-episode', [`Episode ${index} does not fit the dataset:`, ...problems].join('\n  '));
}

function* episodeProblems({ length, tasks, taskOfFrame }: Episode): Generator<string> {
  if (!Number.isInteger(length) || length < 1) yield `it has ${length} frames`;
  if (tasks.length === 0) yield 'it names no task';
  if (taskOfFrame !== undefined && taskOfFrame.length !== length) yield `taskOfFrame has ${taskOfFrame.length} entries`;
  if (taskOfFrame?.some((task) => tasks[task] === undefined)) yield 'taskOfFrame points past the list of tasks';
}

function* columnProblems(incoming: Episode, features: Readonly<Record<string, Feature>>): Generator<string> {
  const { length, columns, strings = {}, images = {}, videos = {} } = incoming;
  const names = [columns, strings, images, videos].flatMap((kind) => Object.keys(kind));
  const unknown = names.filter((name) => !Object.hasOwn(features, name));
  if (unknown.length > 0) yield `no feature is declared for ${unknown.join(', ')}`;
  for (const [name, feature] of Object.entries(features)) {
    if (isAutomatic(name)) continue;
    const wrong = valuesProblem(incoming, { name, feature, length });
    if (wrong !== undefined) yield `${name} ${wrong}`;
  }
}

function valuesProblem(
  { columns, strings, images, videos }: Episode,
  { name, feature, length }: { name: string; feature: Feature; length: number },
): string | undefined {
  const values = isVideo(feature)
    ? videos?.[name]
    : isImage(feature)
      ? images?.[name]
      : isString(feature)
        ? strings?.[name]
        : columns[name];
  if (values === undefined) return 'is missing';
  if ('path' in values) return undefined; // its file is looked into when it is added
  if ('frames' in values) return imagesProblem(values.frames, feature, length);
  if (isString(feature)) return stringsProblem(values as readonly string[], feature, length);
  return columnProblem(values as Column, feature, length);
}

function imagesProblem(frames: readonly Uint8Array[], feature: Feature, length: number): string | undefined {
  if (frames.length !== length) return `has ${frames.length} images for ${length} frames`;
  const expected = imageSize(feature);
  for (const [frame, file] of frames.entries()) {
    const size = pngSize(file);
    if (!size) return `has no PNG file in frame ${frame}`;
    if (size.width !== expected?.width || size.height !== expected.height) {
      return `is ${size.width} x ${size.height} pixels in frame ${frame}, declared are ${expected?.width} x ${expected?.height}`;
    }
  }
  return undefined;
}

function stringsProblem(values: readonly string[], feature: Feature, length: number): string | undefined {
  const size = length * widthOf(feature);
  if (values.length !== size) return `has ${values.length} strings; ${length} frames of [${feature.shape}] are ${size}`;
  return values.every((value) => typeof value === 'string') ? undefined : 'has values that are not strings';
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
