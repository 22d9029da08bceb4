import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SampleEpisode, simulate } from '../../../tasks/envs/droid-sample/episode.ts';
import { droidFeatures, valuesOf } from '../../../tasks/envs/droid-sample/rlds-values.ts';
import { writeSampleRlds } from '../../../tasks/envs/droid-sample/write-rlds.ts';
import { readDatasetInfo, splitOf } from '../../../tasks/formats/rlds/dataset-info.ts';
import { readEpisodes } from '../../../tasks/formats/rlds/read.ts';
import { type EpisodeValues, writeRlds } from '../../../tasks/formats/rlds/write.ts';

const [shardCount, episodesEach, meanSteps, imageBytes] = [8, 30, 240, 12_500];
const cameras = ['exterior_image_1_left', 'exterior_image_2_left', 'wrist_image_left'].map(
  (name) => `steps/observation/${name}`,
);

/**
 * A dataset in DROID's shape of 2 GB and its first quarter: motions are of the sample, pictures of 10 to 15 kB repeat. Kept
 * in the folder for temporary files, so that the next bench finds it.
 */
export async function benchShards(): Promise<{ whole: string; quarter: string }> {
  const place = join(tmpdir(), 'stet-bench-droid-1');
  const [whole, quarter] = [join(place, 'whole'), join(place, 'quarter')];
  if (!existsSync(quarter)) {
    rmSync(place, { recursive: true, force: true });
    const partial = `${place}.partial`;
    rmSync(partial, { recursive: true, force: true });
    const jpegs = await somePictures(join(partial, 'pictures'));
    const shards = Array.from({ length: shardCount }, (_, shard) => episodesOf(shard, jpegs));
    await writeRlds(join(partial, 'whole'), { name: 'droid_101', version: '0.0.1', features: droidFeatures, shards });
    renameSync(partial, place);
    writeQuarter(whole, quarter);
  }
  return { whole, quarter };
}

export async function shardPaths(folder: string): Promise<string[]> {
  return splitOf(await readDatasetInfo(folder), 'train').shards.map(({ path }) => path);
}

export function sizeOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + statSync(path).size, 0);
}

/** JPEGs of one camera after the other, in order. */
export async function somePictures(folder: string): Promise<Buffer[]> {
  const plan = { episodes: 1, meanSteps: 290, shards: 1, imageBytes, seed: 1 };
  await writeSampleRlds(folder, plan, { signal: new AbortController().signal, report: () => undefined });
  const jpegs: Buffer[] = [];
  for await (const { bytes } of readEpisodes(folder, { features: cameras })) {
    for (const camera of cameras) jpegs.push(...(bytes[camera] ?? []).map((jpeg) => Buffer.from(jpeg)));
  }
  return jpegs;
}

function* episodesOf(shard: number, jpegs: readonly Buffer[]): Generator<EpisodeValues> {
  for (let i = 0; i < episodesEach; i += 1) {
    const episode = simulate({ seed: 2, meanSteps, index: shard * episodesEach + i });
    yield valuesOf(episode, {
      exterior1: picked(episode, jpegs, 0),
      exterior2: picked(episode, jpegs, 1),
      wrist: picked(episode, jpegs, 2),
    });
  }
}

function picked({ steps, index }: SampleEpisode, jpegs: readonly Buffer[], camera: number): Buffer[] {
  return Array.from({ length: steps }, (_, t) => jpegs[(index * 31 + camera * 97 + t) % jpegs.length] as Buffer);
}

function writeQuarter(whole: string, quarter: string): void {
  const shards = shardCount / 4;
  mkdirSync(quarter);
  const name = (shard: number, of: number): string =>
    `droid_101-train.tfrecord-${String(shard).padStart(5, '0')}-of-${String(of).padStart(5, '0')}`;
  for (let shard = 0; shard < shards; shard += 1) {
    symlinkSync(join(whole, name(shard, shardCount)), join(quarter, name(shard, shards)));
  }
  const info = readFileSync(join(whole, 'dataset_info.json'), 'utf8');
  const lengths = JSON.stringify(Array.from({ length: shards }, () => String(episodesEach)));
  writeFileSync(join(quarter, 'dataset_info.json'), info.replace(/("shardLengths":\s*)\[[^\]]*\]/, `$1${lengths}`));
  writeFileSync(join(quarter, 'features.json'), readFileSync(join(whole, 'features.json')));
}
