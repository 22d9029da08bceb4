import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { assembleParts } from '../../tasks/convert/assemble-parts.ts';
import { writeRawEpisode } from '../../tasks/convert/raw-episode.ts';
import { listEpisodes } from '../../tasks/convert/raw-episodes.ts';
import { digestsOf } from '../../tasks/convert/rlds-digests.ts';
import { writeRldsEpisode } from '../../tasks/convert/rlds-episode.ts';
import { episodesOfShard, shardsOf } from '../../tasks/convert/rlds-episodes.ts';
import { droidMapping } from '../../tasks/convert/rlds-mapping.ts';
import { writeSampleRaw } from '../../tasks/envs/droid-sample/write-raw.ts';
import { writeSampleRlds } from '../../tasks/envs/droid-sample/write-rlds.ts';
import { readEpisodes } from '../../tasks/formats/rlds/read.ts';
import { compare, inTemporaryFolder } from './measure.ts';
import { ms, printTable } from './table.ts';

const turns = 3;
const fps = 15;
const encoder = ['-c:v', 'libsvtav1', '-svtav1-params', 'lp=1', '-pix_fmt', 'yuv420p', '-g', '2', '-crf', '30'];
const quiet = { signal: new AbortController().signal, report: () => undefined };

/** Conversions to LeRobot, each episode for itself and then put together, against ffmpeg that only makes the videos. */
export async function benchConvert(): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const rows = [await benchRlds(join(folder, 'rlds')), await benchRaw(join(folder, 'raw'))];
    const head = ['conversion', 'frames', 'ffmpeg', 'stet', 'ffmpeg frames/s', 'stet frames/s', 'ratio'];
    printTable('DROID to LeRobot v2.1, AV1, three cameras of 320 x 180', head, rows);
  });
}

async function benchRlds(folder: string): Promise<string[]> {
  const data = join(folder, 'data');
  await writeSampleRlds(data, { episodes: 4, meanSteps: 290, shards: 1, imageBytes: 12_500, seed: 3 }, quiet);
  const mapping = droidMapping();
  const [shard] = await shardsOf(data, 'train');
  if (shard === undefined) throw new Error('no shard');
  const { episodes } = episodesOfShard(shard.file, digestsOf({ path: shard.file, episodes: 4 }).records, mapping);

  const streams: string[] = [];
  let frames = 0;
  const features = Object.values(mapping.images);
  for await (const { bytes } of readEpisodes(data, { features })) {
    for (const feature of features) {
      const images = bytes[feature] ?? [];
      frames += images.length;
      streams.push(join(folder, `${streams.length}.mjpeg`));
      writeFileSync(streams.at(-1) as string, Buffer.concat(images.map((image) => Buffer.from(image))));
    }
  }
  const floor = async (): Promise<void> => {
    for (const stream of streams) {
      await encode(['-f', 'image2pipe', '-c:v', 'mjpeg', '-r', String(fps), '-i', stream], join(folder, 'floor.mp4'));
    }
  };
  const run = (): Promise<void> =>
    convert(
      folder,
      episodes.map(({ record, place }) => (part, scratch) => {
        const settings = { mapping, images: 'video', codec: 'av1', task: 'a task' } as const;
        return writeRldsEpisode(part, { ...settings, record, shard: { path: shard.file }, place }, scratch);
      }),
    );
  return rowOf('RLDS, JPEGs of 320 x 180', frames, floor, run);
}

async function benchRaw(folder: string): Promise<string[]> {
  const data = join(folder, 'data');
  const videoSize = { width: 1280, height: 720 };
  await writeSampleRaw(data, { episodes: 3, meanSteps: 100, videoSize, incomplete: false, seed: 3 }, quiet);
  const request = { raw: data, successOnly: false, leaveOut: [], strict: true };
  const { episodes } = await listEpisodes(request, () => undefined);
  const floor = async (): Promise<void> => {
    for (const { steps, wrist, exterior1, exterior2 } of episodes) {
      for (const recording of [wrist, exterior1, exterior2]) {
        // Recordings have times of their own; without new ones ffmpeg would drop most frames.
        const scaled = ['-vf', `settb=1/${fps},setpts=N,scale=320:180`, '-frames:v', String(steps), '-r', String(fps)];
        await encode(['-threads', '1', '-i', recording, ...scaled], join(folder, 'floor.mp4'));
      }
    }
  };
  const run = (): Promise<void> =>
    convert(
      folder,
      episodes.map(({ trajectory, wrist, exterior1, exterior2 }) => (part, scratch) => {
        const place = (path: string) => ({ path });
        const files = { trajectory: place(trajectory), wrist: place(wrist) };
        const exteriors = { exterior1: place(exterior1), exterior2: place(exterior2) };
        const settings = { task: 'a task', actionSpace: 'joint-velocity', images: 'video', codec: 'av1' } as const;
        return writeRawEpisode(part, { ...files, ...exteriors, ...settings }, scratch);
      }),
    );
  const frames = 3 * episodes.reduce((sum, { steps }) => sum + steps, 0);
  return rowOf('raw, H.264 of 1280 x 720', frames, floor, run);
}

type Convert = (part: string, scratch: string) => Promise<void>;

async function convert(folder: string, episodes: readonly Convert[]): Promise<void> {
  const place = join(folder, 'ours');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const parts = episodes.map((_, i) => join(place, `part-${i}`));
  for (const [i, episode] of episodes.entries()) await episode(parts[i] as string, join(place, `scratch-${i}`));
  await assembleParts(join(place, 'dataset'), { parts, version: 'v2.1' }, () => undefined);
}

async function encode(input: readonly string[], to: string): Promise<void> {
  await execa('ffmpeg', ['-v', 'error', '-y', ...input, ...encoder, '-f', 'mp4', to]);
}

async function rowOf(
  name: string,
  frames: number,
  floor: () => Promise<void>,
  run: () => Promise<void>,
): Promise<string[]> {
  const { floorMs, runMs, ratio } = await compare(floor, run, { times: turns });
  const rate = (milliseconds: number): string => ((1000 * frames) / milliseconds).toFixed(0);
  return [name, String(frames), ms(floorMs), ms(runMs), rate(floorMs), rate(runMs), (1 / ratio).toFixed(2)];
}
