import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ColumnType } from '../../parquet/column-type.ts';
import { createParquet, type ParquetFile } from '../../parquet/write.ts';
import { createDataFile, episodeColumns } from './data-file.ts';
import { fillPath } from '../schema/dataset.ts';
import { episodeTableWriter } from './episode-table-writer.ts';
import { statsShape, videoFeatures } from '../schema/features.ts';
import { videoPacker } from './place-videos.ts';
import type { FeatureStats, RecordedStats } from '../schema/feature-stats.ts';
import { sumStats } from '../statistics/stats.ts';
import { statsJson } from './stats-json.ts';
import { type DatasetFiles, type DatasetOptions, writeJson } from './dataset-files.ts';

/** Files in one chunk folder; upstream's constant. */
const chunkSize = 1000;
const dataPath = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet';
const videoPath = 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4';
const bytesPerMegabyte = 1024 * 1024;

/** Version 3.0: many episodes in a data file, one row group each, and in a video file; tables as Parquet. */
export async function version3Files(path: string, options: DatasetOptions): Promise<DatasetFiles> {
  const { fps, robotType, features, dataFileMegabytes = 100, videoFileMegabytes = 200 } = options;
  const table = await episodeTableWriter(path, features);
  const limitBytes = videoFileMegabytes * bytesPerMegabyte;
  const packer = videoPacker(path, { template: videoPath, fps, limitBytes, chunkSize });
  const sums = Object.entries(features).flatMap(([name, feature]) => {
    const shape = statsShape(feature);
    return shape ? [{ name, sum: sumStats(shape.reduce((product, size) => product * size, 1)) }] : [];
  });
  let open: { file: ParquetFile; frames: number } | undefined;
  let fileCount = 0;

  const fileFor = async (frames: number): Promise<{ file: ParquetFile; frames: number }> => {
    if (open !== undefined && !isFull(open, frames, dataFileMegabytes * bytesPerMegabyte)) return open;
    open?.file.close();
    const pathFields = { chunk_index: Math.floor(fileCount / chunkSize), file_index: fileCount % chunkSize };
    const file = join(path, fillPath(dataPath, pathFields));
    await mkdir(dirname(file), { recursive: true });
    fileCount += 1;
    open = { file: createDataFile(file, features), frames: 0 };
    return open;
  };

  return {
    add: async ({ episode, videos, stats: recorded }) => {
      const stats = withQuantiles(recorded);
      const target = await fileFor(episode.length);
      target.file.write(episodeColumns(episode, features, imageName));
      target.frames += episode.length;
      const data = { chunk: Math.floor((fileCount - 1) / chunkSize), file: (fileCount - 1) % chunkSize };
      table.add(episode, stats, { data, videos: await packer.add(videos) });
      for (const { name, sum } of sums) sum.add(stats[name] as FeatureStats);
    },
    finish: async ({ episodes, frames, tasks, features: described }) => {
      open?.file.close();
      await packer.close();
      table.close();
      const stats = Object.fromEntries(sums.map(({ name, sum }) => [name, sum.total()]));
      writeTasks(join(path, 'meta/tasks.parquet'), tasks.texts());
      await writeFile(join(path, 'meta/stats.json'), `${statsJson(stats, features, { quantiles: true })}\n`);
      await writeJson(join(path, 'meta/info.json'), {
        codebase_version: 'v3.0',
        robot_type: robotType,
        total_episodes: episodes,
        total_frames: frames,
        total_tasks: tasks.texts().length,
        chunks_size: chunkSize,
        data_files_size_in_mb: dataFileMegabytes,
        video_files_size_in_mb: videoFileMegabytes,
        fps,
        splits: { train: `0:${episodes}` },
        data_path: dataPath,
        video_path: videoFeatures(features).length > 0 ? videoPath : null,
        features: described,
      });
    },
    discard: packer.discard,
  };
}

function imageName(frame: number): string {
  return `frame-${String(frame).padStart(6, '0')}.png`;
}

function withQuantiles(stats: Readonly<Record<string, RecordedStats>>): Record<string, FeatureStats> {
  const whole = Object.entries(stats).map(([name, each]) => {
    if (each.quantiles) return [name, each];
    throw new Error(`The statistics of ${name} have no quantiles.`); // a mistake of ours: the writer asks for them
  });
  return Object.fromEntries(whole) as Record<string, FeatureStats>;
}

/** Upstream's rule: the size so far plus what these frames will take, by the file's average, reaches the limit. */
function isFull(open: { file: ParquetFile; frames: number }, frames: number, limitBytes: number): boolean {
  const size = open.file.sizeBytes();
  return size + (size / open.frames) * frames >= limitBytes;
}

/**
 * Row i has task i. The text is the index of a pandas table: without the `pandas` metadata, loaders would take the row
 * number for the text.
 */
function writeTasks(path: string, texts: readonly string[]): void {
  const int64: ColumnType = { of: 'int64' };
  const columns = [
    { name: 'task_index', type: int64 },
    { name: 'task', type: { of: 'string' } as const },
  ];
  const file = createParquet(path, columns, { pandas: JSON.stringify(pandasMetadata) });
  file.write({ task_index: BigInt64Array.from(texts, (_, index) => BigInt(index)), task: [...texts] });
  file.close();
}

const pandasMetadata = {
  index_columns: ['task'],
  column_indexes: [
    { name: null, field_name: null, pandas_type: 'unicode', numpy_type: 'object', metadata: { encoding: 'UTF-8' } },
  ],
  columns: [
    { name: 'task_index', field_name: 'task_index', pandas_type: 'int64', numpy_type: 'int64', metadata: null },
    { name: 'task', field_name: 'task', pandas_type: 'unicode', numpy_type: 'object', metadata: null },
  ],
  attributes: {},
  creator: { library: 'stet', version: '1' },
  pandas_version: '2.2.3',
};
