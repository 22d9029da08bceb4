import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { openParquet, type ParquetSource, type RowRange } from '../parquet/read.ts';
import { type Column, type Episode, type Feature, type Info, readInfo } from './schema/dataset.ts';
import { type EpisodeEntry, readEpisodeTable, readTasks } from './reading/episode-table.ts';
import { episodeVideos, type VideoReader } from './reading/episode-videos.ts';
import { columnFeatures, isImage, isNumeric, isString, isVisual, refuseUnknownTypes } from './schema/features.ts';
import { emptyValues, type FrameValues, setFrame } from './reading/frame-values.ts';
import { readRecordedStats, type StatsFinder } from './reading/recorded-stats.ts';

export {
  type Column,
  type Episode,
  type EpisodeImages,
  type EpisodeVideo,
  type Feature,
  type Info,
  readInfo,
} from './schema/dataset.ts';
export { isAutomatic, isNumeric, isVisual, widthOf } from './schema/features.ts';

/**
 * The episodes of a LeRobot dataset (2.0, 2.1 or 3.0), in the order of the data, one row group in memory at a time.
 *
 * `columns`: features to read, by default every numeric one, the automatic ones included. Strings, images and videos come
 * when they are asked for; of a video, where its frames lie (`framesOf` decodes them). Cameras have their recorded
 * statistics. `episodes`: indices to read, by default all. Values have the declared type of their feature.
 */
export async function* readEpisodes(
  path: string,
  { columns, episodes }: { columns?: readonly string[]; episodes?: readonly number[] } = {},
): AsyncGenerator<Episode, void, undefined> {
  const info = await readInfo(path);
  const features = chosenFeatures(info, columns);
  const table = await readEpisodeTable(path, info);
  refuseUnknownEpisodes(path, table, episodes);
  const tasks = table.some((entry) => entry.tasks.length > 1) ? await readTasks(path, info) : [];
  const wanted = new Set(episodes ?? table.map(({ index }) => index));
  const cameras = Object.keys(features).filter((name) => isVisual(features[name] as Feature));
  const stats = await readRecordedStats(path, info, cameras);
  const videosOf = episodeVideos(path, info, { features, stats });

  for (const [file, entries] of byFile(table)) {
    const chosen = entries.filter(({ index }) => wanted.has(index));
    if (chosen.length === 0) continue;
    const source = await openDataFile(join(path, file), entries);
    yield* readFromFile(source, chosen, { features: columnFeatures(features), tasks, stats, videosOf });
  }
}

function chosenFeatures({ features }: Info, columns: readonly string[] | undefined): Record<string, Feature> {
  const names = columns ?? Object.keys(features).filter((name) => isNumeric(features[name] as Feature));
  const unknown = names.filter((name) => !Object.hasOwn(features, name));
  if (unknown.length > 0) {
    throw new Problem('feature-unknown', `The dataset has no feature "${unknown.join('", "')}".`, {
      hint: `It has: ${Object.keys(features).join(', ')}.`,
    });
  }
  const chosen = Object.fromEntries(names.map((name) => [name, features[name] as Feature]));
  refuseUnknownTypes(chosen, 'Reading');
  return chosen;
}

function refuseUnknownEpisodes(path: string, table: readonly EpisodeEntry[], episodes: readonly number[] = []): void {
  const listedIndices = new Set(table.map(({ index }) => index));
  const unknown = episodes.filter((index) => !listedIndices.has(index));
  if (unknown.length === 0) return;
  throw new Problem(
    'episode-unknown',
    `${path} has no episode ${unknown.join(', ')}; it has ${table.length} episodes.`,
  );
}

function byFile(table: readonly EpisodeEntry[]): Map<string, EpisodeEntry[]> {
  const files = new Map<string, EpisodeEntry[]>();
  for (const entry of table) {
    const entries = files.get(entry.file) ?? [];
    files.set(entry.file, entries);
    entries.push(entry);
  }
  return files;
}

async function openDataFile(path: string, entries: readonly EpisodeEntry[]): Promise<ParquetSource> {
  const source = await openParquet(path);
  const expected = entries.reduce((sum, { length }) => sum + length, 0);
  const contiguous = entries.every(({ firstRow }, i) => firstRow === endOf(entries[i - 1]));
  if (source.rowCount !== expected || source.rowGroups.at(-1)?.end !== expected || !contiguous) {
    throw new Problem(
      'frames-differ',
      `${path} has ${source.rowCount} frames; by meta, its episodes have ${expected}, one after another.`,
    );
  }
  return source;
}

function endOf(entry: EpisodeEntry | undefined): number {
  return entry === undefined ? 0 : entry.firstRow + entry.length;
}

/** An episode that is being put together; rows arrive in order, group by group. */
interface Draft {
  readonly entry: EpisodeEntry;
  readonly values: Readonly<Record<string, FrameValues>>;
  readonly filled: Record<string, number>;
}

/** What is known of all episodes. `features`: those that are columns. */
interface DatasetFacts {
  readonly features: Readonly<Record<string, Feature>>;
  readonly tasks: readonly string[];
  readonly stats: StatsFinder;
  readonly videosOf: VideoReader;
}

async function* readFromFile(
  source: ParquetSource,
  entries: readonly EpisodeEntry[],
  dataset: DatasetFacts,
): AsyncGenerator<Episode, void, undefined> {
  const { features, tasks } = dataset;
  const checked = { ...features, episode_index: scalarInt64, ...(tasks.length > 0 ? { task_index: scalarInt64 } : {}) };
  const missing = Object.keys(checked).filter((name) => !source.columns.includes(name));
  if (missing.length > 0) {
    throw new Problem('column-missing', `${source.path} has no column "${missing.join('", "')}", which meta declares.`);
  }
  const drafts = new Map<number, Draft>();
  for (const group of source.rowGroups) {
    const inGroup = entries.filter((entry) => entry.firstRow < group.end && endOf(entry) > group.start);
    if (inGroup.length === 0) continue;
    for (const entry of inGroup) if (!drafts.has(entry.index)) drafts.set(entry.index, draftOf(entry, checked));
    for (const [name, feature] of Object.entries(checked)) {
      await fillColumn(source, group, { name, feature, drafts: [...drafts.values()] });
    }
    for (const entry of inGroup.filter((candidate) => endOf(candidate) <= group.end)) {
      yield await finish(drafts.get(entry.index) as Draft, source, dataset);
      drafts.delete(entry.index);
    }
  }
}

const scalarInt64: Feature = { dtype: 'int64', shape: [1] };

function draftOf(entry: EpisodeEntry, features: Readonly<Record<string, Feature>>): Draft {
  const values = Object.entries(features).map(([name, feature]) => [name, emptyValues(feature, entry.length)]);
  return { entry, values: Object.fromEntries(values) as Record<string, FrameValues>, filled: {} };
}

async function fillColumn(
  source: ParquetSource,
  group: RowRange,
  { name, feature, drafts }: { name: string; feature: Feature; drafts: readonly Draft[] },
): Promise<void> {
  const start = Math.max(group.start, Math.min(...drafts.map(({ entry }) => entry.firstRow)));
  const end = Math.min(group.end, Math.max(...drafts.map(({ entry }) => endOf(entry))));
  const column = `${source.path}: "${name}"`;
  await source.readColumn(name, { start, end }, (values, firstRow) => {
    for (const draft of drafts) {
      const from = Math.max(draft.entry.firstRow, firstRow, group.start);
      const to = Math.min(endOf(draft.entry), firstRow + values.length, group.end);
      for (let row = from; row < to; row += 1) {
        const frame = row - draft.entry.firstRow;
        setFrame(draft.values[name] as FrameValues, frame, values[row - firstRow], { feature, column });
      }
      draft.filled[name] = (draft.filled[name] ?? 0) + Math.max(0, to - from);
    }
  });
}

async function finish(
  { entry, values, filled }: Draft,
  source: ParquetSource,
  { features, tasks, stats, videosOf }: DatasetFacts,
): Promise<Episode> {
  const { index, length } = entry;
  const short = Object.keys(values).filter((name) => filled[name] !== length);
  const mine = (values.episode_index as BigInt64Array).every((each) => Number(each) === index);
  if (short.length > 0 || !mine) {
    throw new Problem('frames-differ', `${source.path} does not hold the ${length} frames of episode ${index}.`);
  }
  const kind = <T>(is: (feature: Feature) => boolean, make: (name: string) => T): Record<string, T> => {
    const names = Object.keys(features).filter((name) => is(features[name] as Feature));
    return Object.fromEntries(names.map((name) => [name, make(name)]));
  };
  const strings = kind(isString, (name) => values[name] as string[]);
  const images = kind(isImage, (name) => ({ frames: values[name] as Uint8Array[], stats: stats(index, name) }));
  const videos = await videosOf(entry);
  const episode: Episode = {
    index,
    tasks: entry.tasks,
    length,
    columns: kind(isNumeric, (name) => values[name] as Column),
    ...filledOnly({ strings, images, videos }),
  };
  if (entry.tasks.length < 2) return episode;
  const taskOfFrame = Array.from(values.task_index as BigInt64Array, (task) =>
    Math.max(0, entry.tasks.indexOf(tasks[Number(task)] ?? '')),
  );
  return { ...episode, taskOfFrame };
}

/** Kinds of features that were not asked for are left out. */
function filledOnly<T extends Readonly<Record<string, object>>>(kinds: T): Partial<T> {
  return Object.fromEntries(Object.entries(kinds).filter(([, each]) => Object.keys(each).length > 0)) as Partial<T>;
}
