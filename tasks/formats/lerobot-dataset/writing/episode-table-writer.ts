import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ColumnType } from '../../parquet/column-type.ts';
import { createParquet } from '../../parquet/write.ts';
import { nested } from './data-file.ts';
import type { Episode, Feature } from '../schema/dataset.ts';
import { statsShape, videoFeatures } from '../schema/features.ts';
import { type FeatureStats, quantileNames } from '../schema/feature-stats.ts';

/** Where an episode lies: its data file, and for each camera a video file and the seconds in it, half-open. */
export interface EpisodeFiles {
  readonly data: FileIndex;
  readonly videos: Readonly<Record<string, FileIndex & { readonly from: number; readonly to: number }>>;
}

export interface FileIndex {
  readonly chunk: number;
  readonly file: number;
}

export interface EpisodeTableWriter {
  readonly add: (episode: Episode, stats: Readonly<Record<string, FeatureStats>>, files: EpisodeFiles) => void;
  readonly close: () => void;
}

/** Rows kept in memory before they become a row group. */
const rowsPerGroup = 500;

/** Writes `meta/episodes` of version 3.0: where each episode lies, and its statistics. All of it goes to one file. */
export async function episodeTableWriter(
  path: string,
  features: Readonly<Record<string, Feature>>,
): Promise<EpisodeTableWriter> {
  const target = join(path, 'meta/episodes/chunk-000/file-000.parquet');
  await mkdir(dirname(target), { recursive: true });
  const columns = tableColumns(features);
  const file = createParquet(target, columns);
  let rows: Record<string, unknown>[] = [];
  const flush = (): void => {
    if (rows.length === 0) return;
    file.write(Object.fromEntries(columns.map(({ name }) => [name, rows.map((row) => row[name])])));
    rows = [];
  };
  let firstFrame = 0;
  return {
    add: (episode, stats, files) => {
      rows.push({ ...filesRow(episode, firstFrame, files), ...statsRow(stats, features) });
      firstFrame += episode.length;
      if (rows.length >= rowsPerGroup) flush();
    },
    close: () => {
      flush();
      file.close();
    },
  };
}

const int64: ColumnType = { of: 'int64' };
const float64: ColumnType = { of: 'float64' };

function tableColumns(features: Readonly<Record<string, Feature>>): { name: string; type: ColumnType }[] {
  const counts = ['length', 'data/chunk_index', 'data/file_index', 'dataset_from_index', 'dataset_to_index'];
  return [
    { name: 'episode_index', type: int64 },
    { name: 'tasks', type: { listOf: { of: 'string' } } },
    ...counts.map((name) => ({ name, type: int64 })),
    ...videoFeatures(features).flatMap((key) => [
      ...['chunk_index', 'file_index'].map((name) => ({ name: `videos/${key}/${name}`, type: int64 })),
      ...['from_timestamp', 'to_timestamp'].map((name) => ({ name: `videos/${key}/${name}`, type: float64 })),
    ]),
    ...Object.entries(features).flatMap(([name, feature]) => statsColumns(name, feature)),
    { name: 'meta/episodes/chunk_index', type: int64 },
    { name: 'meta/episodes/file_index', type: int64 },
  ];
}

function statsColumns(name: string, feature: Feature): { name: string; type: ColumnType }[] {
  const shape = statsShape(feature);
  if (!shape) return [];
  const type = shape.reduce<ColumnType>((inner) => ({ listOf: inner }), float64);
  const floats = ['min', 'max', 'mean', 'std', ...quantileNames].map((stat) => ({
    name: `stats/${name}/${stat}`,
    type,
  }));
  return [...floats, { name: `stats/${name}/count`, type: { listOf: int64 } }];
}

function filesRow(
  { index, tasks, length }: Episode,
  firstFrame: number,
  { data, videos }: EpisodeFiles,
): Record<string, unknown> {
  const videoCells = Object.entries(videos).flatMap(([key, { chunk, file, from, to }]) => [
    [`videos/${key}/chunk_index`, BigInt(chunk)],
    [`videos/${key}/file_index`, BigInt(file)],
    [`videos/${key}/from_timestamp`, from],
    [`videos/${key}/to_timestamp`, to],
  ]);
  return {
    ...(Object.fromEntries(videoCells) as Record<string, unknown>),
    episode_index: BigInt(index),
    tasks: [...tasks],
    length: BigInt(length),
    'data/chunk_index': BigInt(data.chunk),
    'data/file_index': BigInt(data.file),
    dataset_from_index: BigInt(firstFrame),
    dataset_to_index: BigInt(firstFrame + length),
    'meta/episodes/chunk_index': 0n,
    'meta/episodes/file_index': 0n,
  };
}

function statsRow(
  stats: Readonly<Record<string, FeatureStats>>,
  features: Readonly<Record<string, Feature>>,
): Record<string, unknown> {
  const cells = Object.entries(features).flatMap(([name, feature]) => {
    const shape = statsShape(feature);
    if (!shape) return [];
    const { min, max, mean, std, count, quantiles } = stats[name] as FeatureStats;
    const lists = Object.entries({ min, max, mean, std, ...quantiles });
    const cell = (values: number[]): unknown =>
      shape.length === 1 && shape[0] === 1 ? values : nested(values, shape)[0];
    return [
      ...lists.map(([stat, values]) => [`stats/${name}/${stat}`, cell(values)]),
      [`stats/${name}/count`, [BigInt(count)]],
    ];
  });
  return Object.fromEntries(cells) as Record<string, unknown>;
}
