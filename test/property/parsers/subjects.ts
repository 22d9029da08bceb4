import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { readRawEpisodes } from '../../../tasks/formats/droid-raw/read.ts';
import { parseEpisodeList } from '../../../tasks/formats/episode-list.ts';
import { readHdf5 } from '../../../tasks/formats/hdf5/read.ts';
import { writeHdf5 } from '../../../tasks/formats/hdf5/write.ts';
import { readRanges } from '../../../tasks/formats/idle-ranges.ts';
import { type Episode, type Feature, readEpisodes, readInfo } from '../../../tasks/formats/lerobot-dataset/read.ts';
import { readTasks } from '../../../tasks/formats/lerobot-dataset/reading/episode-table.ts';
import { imageStats, writeDataset } from '../../../tasks/formats/lerobot-dataset/write.ts';
import { refuseBroken } from '../../../tasks/formats/lerobot-dataset/refuse-broken.ts';
import { readNormStats } from '../../../tasks/formats/norm-stats.ts';
import { openParquet, readWholeColumn } from '../../../tasks/formats/parquet/read.ts';
import { readDatasetInfo } from '../../../tasks/formats/rlds/dataset-info.ts';
import { readFeatures } from '../../../tasks/formats/rlds/features.ts';
import { readEpisodes as readRlds } from '../../../tasks/formats/rlds/read.ts';
import { frame } from '../../../tasks/formats/tfrecord/frame.ts';
import { readMp4Index } from '../../../tasks/formats/video/mp4-index.ts';
import { mp4FrameCount } from '../../../tasks/formats/video/mp4-frame-count.ts';
import { readArray } from '../../../tasks/formats/zarr/read.ts';
import { decodeTensors, encodeTensors } from '../../../tasks/models/flow/safetensors.ts';
import { writeTinyDataset } from '../../support/tiny-dataset.ts';
import { tinyEpisode, tinyFeatures, writeTiny } from '../../support/tiny-rlds.ts';
import { png } from '../../support/png.ts';
import { cameraFeatures, imageSize, sceneFrames } from '../../support/tiny-cameras.ts';

/** A parser and files that it reads without complaint. */
export interface Subject {
  /** Paths in the folder that may be damaged. */
  readonly files: readonly string[];
  readonly parse: () => unknown;
  /** Puts damaged bytes into the form of the file, where a checksum would hide what is to be tested. */
  readonly wrap?: (bytes: Buffer) => Buffer;
  readonly unwrap?: (bytes: Buffer) => Buffer;
}

const data = (path: string): string => join(packageRoot(), 'test/data', path);

/** By name; each puts its files into an empty folder. */
export const subjects: Readonly<Record<string, (folder: string) => Promise<Subject>>> = {
  TFRecord: async (folder) => {
    const files = await tinyRlds(folder);
    return { files: files.filter((name) => name.includes('tfrecord')), parse: () => readAllRlds(folder) };
  },
  'tf.train.Example': async (folder) => {
    const files = await tinyRlds(folder);
    return {
      files: files.filter((name) => name.includes('tfrecord')),
      parse: () => readAllRlds(folder),
      unwrap: (bytes) => bytes.subarray(12, -4),
      wrap: frame,
    };
  },
  'RLDS folder': async (folder) => {
    await tinyRlds(folder);
    const parse = async () => [await readDatasetInfo(folder), await readFeatures(folder), await readAllRlds(folder)];
    return { files: ['dataset_info.json', 'features.json'], parse };
  },
  Parquet: async (folder) => {
    cpSync(data('lerobot-v21-unitree-g1/data/chunk-000/episode_000029.parquet'), join(folder, 'a.parquet'));
    return { files: ['a.parquet'], parse: () => readAllColumns(join(folder, 'a.parquet')) };
  },
  'HDF5, as we write it': async (folder) => {
    const values = Float64Array.from({ length: 40 }, (_, i) => i);
    await writeHdf5(join(folder, 'a.h5'), {
      attributes: { user: 'somebody', scene: 12n, success: true },
      datasets: { 'a/b': { shape: [20, 2], values }, flags: { shape: [3], values: Uint8Array.of(1, 0, 1) } },
    });
    return { files: ['a.h5'], parse: () => readAllHdf5(join(folder, 'a.h5')) };
  },
  'HDF5, as others write it': async (folder) => {
    const names = ['aloha.hdf5', 'robocasa.hdf5', 'robomimic.hdf5'];
    for (const name of names) cpSync(data(`hdf5/${name}`), join(folder, name));
    return { files: names, parse: () => names.map((name) => readAllHdf5(join(folder, name))) };
  },
  'raw DROID': async (folder) => {
    cpSync(data('droid-raw'), folder, { recursive: true });
    return {
      files: filesIn(folder).filter((name) => !name.endsWith('.md')),
      parse: () => all(readRawEpisodes(folder)),
    };
  },
  zarr: async (folder) => {
    const sample = join(packageRoot(), 'samples/pusht/pusht_cchi_v7_replay.zarr/meta');
    cpSync(sample, join(folder, 'meta'), { recursive: true });
    return {
      files: filesIn(folder).filter((name) => !name.endsWith('.zattrs')),
      parse: () => readArray(folder, 'meta/episode_ends'),
    };
  },
  'idle ranges': async (folder) => {
    writeFileSync(join(folder, 'ranges.json'), '{"a--b": [[0, 40], [60, 75]], "ü": []}');
    return { files: ['ranges.json'], parse: () => readRanges(join(folder, 'ranges.json')) };
  },
  'norm_stats.json': async (folder) => {
    const one = { mean: [0.5, -1e-7], std: [1, 2], q01: [0, 0], q99: null };
    writeFileSync(join(folder, 'norm_stats.json'), JSON.stringify({ norm_stats: { state: one, actions: one } }));
    return { files: ['norm_stats.json'], parse: () => readNormStats(join(folder, 'norm_stats.json')) };
  },
  'episode list': async (folder) => {
    writeFileSync(join(folder, 'list.txt'), 'demos 0,1,4\n/data/more 12\n');
    return { files: ['list.txt'], parse: () => parseEpisodeList(readFileSync(join(folder, 'list.txt'), 'utf8')) };
  },
  'LeRobot 3.0': async (folder) => lerobot(folder, 'v3.0'),
  'LeRobot 2.1': async (folder) => lerobot(folder, 'v2.1'),
  'LeRobot with images and texts': async (folder) => {
    const { wrist, note } = { wrist: 'observation.images.wrist', note: 'note' };
    const features = Object.fromEntries([wrist, note].map((name) => [name, cameraFeatures[name] as Feature]));
    const path = join(folder, 'dataset');
    await writeDataset(path, { version: 'v3.0', fps: 10, robotType: 'test', features }, [imageEpisode(wrist, note)]);
    const parse = () => all(readEpisodes(path, { columns: [wrist, note] }));
    return { files: filesIn(path).map((name) => join('dataset', name)), parse };
  },
  MP4: async (folder) => {
    const source = 'droid-raw/TRI/success/2023-05-14/Sun_May_14_15_30_58_2023/recordings/MP4/27417508.mp4';
    cpSync(data(source), join(folder, 'a.mp4'));
    const path = join(folder, 'a.mp4');
    return {
      files: ['a.mp4'],
      parse: async () => [await outcome(mp4FrameCount(path)), await outcome(readMp4Index(path))],
    };
  },
  safetensors: async (folder) => {
    const tensors = { weight: { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) } };
    writeFileSync(join(folder, 'a.safetensors'), encodeTensors({ tensors, metadata: { step: '5' } }));
    return { files: ['a.safetensors'], parse: () => decodeTensors(readFileSync(join(folder, 'a.safetensors')), 'a') };
  },
};

/** A value, or the problem that was thrown: what comes after it is tried too. */
async function outcome(read: Promise<unknown>): Promise<unknown> {
  return read.catch((error: unknown) => {
    if (!Problem.is(error)) throw error;
    return error;
  });
}

async function tinyRlds(folder: string): Promise<string[]> {
  await writeTiny(folder, [[tinyEpisode(1, 5, 40)], [tinyEpisode(2, 3, 40)]]);
  return filesIn(folder);
}

/** As both tasks do: stopping at the first damage, and going around it. */
async function readAllRlds(folder: string): Promise<void> {
  const features = Object.keys(tinyFeatures);
  await all(readRlds(folder, { features, onSkip: () => undefined }));
  await all(readRlds(folder, { features, checkData: true }));
}

async function readAllColumns(path: string): Promise<void> {
  const source = await openParquet(path);
  for (const column of source.columns) await readWholeColumn(source, column);
}

function readAllHdf5(path: string): void {
  const file = readHdf5(path);
  for (const at of [...file.groups, ...file.datasets.keys()]) file.attributes(at);
  for (const dataset of file.datasets.values()) dataset.read();
}

async function lerobot(place: string, version: 'v2.1' | 'v3.0'): Promise<Subject> {
  const folder = await writeTinyDataset(join(place, 'dataset'), { version });
  const parse = async () => {
    await refuseBroken(folder);
    await all(readEpisodes(folder));
    await readTasks(folder, await readInfo(folder));
  };
  return { files: filesIn(folder).map((name) => join('dataset', name)), parse };
}

/** With the statistics of its images, so that nobody has to decode them. */
function imageEpisode(camera: string, note: string): Episode {
  const frames = [...sceneFrames(4, { ...imageSize, start: 0, tint: 90 })];
  const stats = imageStats({ length: frames.length, ...imageSize });
  for (const [frame, rgb] of frames.entries()) stats.add(frame, rgb);
  const images = { [camera]: { frames: frames.map((rgb) => png(rgb, imageSize)), stats: stats.total() } };
  return { index: 0, tasks: ['pick'], length: 4, columns: {}, images, strings: { [note]: ['a', 'b', 'ç', ''] } };
}

function filesIn(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return names.map((name) => name.slice(folder.length + 1)).sort();
}

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items); // read to the end
}
