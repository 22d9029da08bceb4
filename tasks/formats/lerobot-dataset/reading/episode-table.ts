import { join } from 'node:path';
import { z } from 'zod';
import { Problem } from '../../../../cache/problem.ts';
import { openParquet, type ParquetSource, readWholeColumn } from '../../parquet/read.ts';
import { fillPath, type Info, isVersion3 } from '../schema/dataset.ts';
import { videoFeatures } from '../schema/features.ts';
import { parquetFilesBelow, readJsonLines } from './table-files.ts';

/** Where one episode lies. Paths are relative to the dataset's folder. */
export interface EpisodeEntry {
  readonly index: number;
  readonly tasks: readonly string[];
  readonly length: number;
  /** The data file, and the episode's first row in it. */
  readonly file: string;
  readonly firstRow: number;
  /** By feature: the video file that holds its frames and, where episodes share the file, its first second in it. */
  readonly videos: Readonly<Record<string, VideoEntry>>;
}

export interface VideoEntry {
  readonly file: string;
  readonly fromSeconds?: number;
}

/** The table of episodes, in the order of the data. */
export async function readEpisodeTable(path: string, info: Info): Promise<EpisodeEntry[]> {
  const entries = isVersion3(info) ? await readVersion3(path, info) : await readVersion2(path, info);
  const seen = new Set<number>();
  for (const { index } of entries) {
    if (seen.has(index)) throw new Problem('episode-twice', `Episode ${index} is listed twice in ${path}/meta.`);
    seen.add(index);
  }
  return entries;
}

/** The words of every task, by `task_index`. */
export async function readTasks(path: string, info: Info): Promise<string[]> {
  if (isVersion3(info)) return readTaskTable(`${path}/meta/tasks.parquet`);
  const TaskLine = z.object({ task_index: z.int().min(0), task: z.string() });
  const tasks: string[] = [];
  for (const { task_index, task } of await readJsonLines(`${path}/meta/tasks.jsonl`, TaskLine))
    tasks[task_index] = task;
  return tasks;
}

/** The text is the index of a pandas table; files of other writers may name it differently. */
async function readTaskTable(path: string): Promise<string[]> {
  const source = await openParquet(path);
  const column = source.columns.find((name) => name !== 'task_index');
  if (column === undefined) throw new Problem('wrong-shape', `${path} has no column with the text of the tasks.`);
  const [texts, indices] = [await readWholeColumn(source, column), await readWholeColumn(source, 'task_index')];
  const tasks: string[] = [];
  indices.forEach((index, row) => {
    tasks[Number(index)] = String(texts[row]);
  });
  return tasks;
}

const EpisodeLine = z.object({
  episode_index: z.int().min(0),
  tasks: z.array(z.string()),
  length: z.int().min(1),
});

async function readVersion2(path: string, info: Info): Promise<EpisodeEntry[]> {
  const lines = await readJsonLines(`${path}/meta/episodes.jsonl`, EpisodeLine);
  return lines.map(({ episode_index, tasks, length }) => {
    const pathFields = { episode_index, episode_chunk: Math.floor(episode_index / info.chunks_size) };
    return {
      index: episode_index,
      tasks,
      length,
      file: fillPath(info.data_path, pathFields),
      firstRow: 0,
      videos: Object.fromEntries(
        videoFeatures(info.features).map((video_key) => {
          return [video_key, { file: fillPath(info.video_path ?? '', { ...pathFields, video_key }) }];
        }),
      ),
    };
  });
}

async function readVersion3(path: string, info: Info): Promise<EpisodeEntry[]> {
  const entries: EpisodeEntry[] = [];
  const firstRowOfFile = new Map<string, number>();
  for (const table of await parquetFilesBelow(join(path, 'meta/episodes'))) {
    for (const row of await readEpisodeRows(await openParquet(table), info)) {
      const start = firstRowOfFile.get(row.file) ?? row.from;
      firstRowOfFile.set(row.file, start);
      if (row.from < start || row.length < 1 || row.to - row.from !== row.length) {
        throw new Problem('wrong-shape', `${table} has a wrong row range for episode ${row.index}.`);
      }
      const { index, tasks, length, file, videos } = row;
      entries.push({ index, tasks, length, file, videos, firstRow: row.from - start });
    }
  }
  return entries;
}

type EpisodeRow = Omit<EpisodeEntry, 'firstRow'> & { from: number; to: number };

async function readEpisodeRows(source: ParquetSource, info: Info): Promise<EpisodeRow[]> {
  const numbers = async (column: string): Promise<number[]> =>
    (await wholeColumn(source, column)).map((value) => wholeNumber(value, column, source.path));
  const index = await numbers('episode_index');
  const length = await numbers('length');
  const [chunk, file] = [await numbers('data/chunk_index'), await numbers('data/file_index')];
  const [from, to] = [await numbers('dataset_from_index'), await numbers('dataset_to_index')];
  const tasks = await wholeColumn(source, 'tasks');
  const videos: Record<string, VideoEntry>[] = index.map(() => ({}));
  for (const video_key of videoFeatures(info.features)) {
    const chunks = await numbers(`videos/${video_key}/chunk_index`);
    const files = await numbers(`videos/${video_key}/file_index`);
    const starts = await wholeColumn(source, `videos/${video_key}/from_timestamp`);
    videos.forEach((entriesByKey, row) => {
      const pathFields = { video_key, chunk_index: chunks[row] ?? 0, file_index: files[row] ?? 0 };
      entriesByKey[video_key] = {
        file: fillPath(info.video_path ?? '', pathFields),
        fromSeconds: seconds(starts[row], source.path),
      };
    });
  }
  return index.map((episode, row) => ({
    index: episode,
    tasks: z.array(z.string()).catch([]).parse(tasks[row]),
    length: length[row] ?? 0,
    file: fillPath(info.data_path, { chunk_index: chunk[row] ?? 0, file_index: file[row] ?? 0 }),
    from: from[row] ?? 0,
    to: to[row] ?? 0,
    videos: videos[row] ?? {},
  }));
}

async function wholeColumn(source: ParquetSource, column: string): Promise<unknown[]> {
  if (!source.columns.includes(column)) {
    throw new Problem('column-missing', `${source.path} has no column "${column}".`);
  }
  return readWholeColumn(source, column);
}

function wholeNumber(value: unknown, column: string, path: string): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  throw new Problem('wrong-shape', `${path}: column "${column}" has ${String(value)} where a count or index belongs.`);
}

function seconds(value: unknown, path: string): number {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  throw new Problem('wrong-shape', `${path} has ${String(value)} where the start of an episode in a video belongs.`);
}
