import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { encodeVideo, type VideoCodec } from '../../tasks/formats/video/encode.ts';
import { benchShards, shardPaths, sizeOf, somePictures } from './droid/shards.ts';
import { pythonWith } from '../support/python.ts';
import { compare, inTemporaryFolder, median, milliseconds } from './measure.ts';
import { compiled } from './program.ts';
import { ms, printTable } from './table.ts';

/** Idle ranges and statistics of DROID-shaped data, whole programs, and videos of its pictures. */
export async function benchDroidData(): Promise<void> {
  const { whole, quarter } = await benchShards();
  await benchReading(whole);
  await benchMemory(whole, quarter);
  await benchVideo();
}

const works = { ranges: 'idle ranges', stats: 'statistics' } as const;
type Work = keyof typeof works;
const entries = Object.entries(works) as [Work, string][];

const turns = 5;

async function benchReading(folder: string): Promise<void> {
  const shards = await shardPaths(folder);
  const size = sizeOf(shards);
  const rows: string[][] = [];
  for (const [work, name] of entries) {
    for (const workers of [1, 2]) {
      const times: Record<'cat' | 'inside' | 'whole' | 'python', number[]> = {
        cat: [],
        inside: [],
        whole: [],
        python: [],
      };
      let bytesRead = 0;
      for (let turn = 0; turn < turns; turn += 1) {
        times.cat.push(await milliseconds(() => runCat(shards)));
        const whole = await milliseconds(() => {
          const taken = runOurs(work, folder, workers);
          times.inside.push(taken.milliseconds);
          bytesRead = taken.bytesRead;
        });
        times.whole.push(whole);
        times.python.push(await milliseconds(() => runPython(work, folder)));
      }
      const share = `${((100 * bytesRead) / size).toFixed(2)} %`;
      const all = [times.inside, times.whole, times.cat, times.python].map((each) => ms(median(each)));
      const ratios = [times.cat, times.python].map((other) => ratioOf(times.whole, other));
      rows.push([`${name}, ${threads(workers)}`, `${(bytesRead / 1e6).toFixed(1)} MB`, share, ...all, ...ratios]);
    }
  }
  const head = ['what', 'read', 'of the data', 'the work', 'whole program', 'cat', 'Python', 'to cat', 'to Python'];
  printTable(`DROID-shaped data, ${(size / 1e9).toFixed(2)} GB, ${availableParallelism()} cores`, head, rows);
}

/** Median of the ratios of neighbours. */
function ratioOf(some: readonly number[], others: readonly number[]): string {
  return median(some.map((value, i) => value / (others[i] ?? Number.NaN))).toFixed(2);
}

function threads(count: number): string {
  return count === 1 ? '1 thread' : `${count} threads`;
}

async function benchMemory(whole: string, quarter: string): Promise<void> {
  const peak = (work: Work | 'nothing', folder: string, workers: number): string => {
    const peaks = [1, 2, 3].map(() => runOurs(work, folder, workers).peakBytes);
    return `${(median(peaks) / 1e6).toFixed(0)} MB`;
  };
  const rows = entries.flatMap(([work, name]) =>
    [1, 2].map((workers) => [`${name}, ${threads(workers)}`, peak(work, quarter, workers), peak(work, whole, workers)]),
  );
  rows.push(['the program alone', peak('nothing', quarter, 1), peak('nothing', whole, 1)]);
  printTable('peak memory of the process', ['what', 'a quarter of the data', 'all of it'], rows);
}

const fps = 15;
const codecs: readonly [VideoCodec, readonly string[]][] = [
  ['av1', ['-c:v', 'libsvtav1', '-svtav1-params', 'lp=1']],
  ['h264', ['-c:v', 'libx264', '-threads', '1']],
];

/** `encodeVideo` with JPEGs out of memory, against ffmpeg with the same settings that reads them from one file. */
async function benchVideo(): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const frames = await somePictures(join(folder, 'pictures'));
    const input = join(folder, 'frames.mjpeg');
    writeFileSync(input, Buffer.concat(frames));
    const rows: string[][] = [];
    for (const [codec, settings] of codecs) {
      const floor = (): void => runFfmpeg(input, settings, join(folder, 'floor.mp4'));
      const run = () => encodeVideo(frames, join(folder, 'ours.mp4'), { codec, fps, frames: { of: 'jpeg' } });
      const { floorMs, runMs, ratio } = await compare(floor, run, { times: 3 });
      const rate = (milliseconds: number): string => ((1000 * frames.length) / milliseconds).toFixed(0);
      rows.push([codec, String(frames.length), rate(floorMs), rate(runMs), (1 / ratio).toFixed(2)]);
    }
    printTable('video of JPEGs, 320 x 180, frames per second', ['codec', 'frames', 'ffmpeg', 'stet', 'ratio'], rows);
  });
}

const Taken = z.object({ milliseconds: z.number(), bytesRead: z.number(), peakBytes: z.number() });

function runOurs(work: Work | 'nothing', folder: string, workers: number): z.infer<typeof Taken> {
  return Taken.parse(
    JSON.parse(output(process.execPath, [compiled('./droid/child.js'), work, folder, String(workers)])),
  );
}

/** Found once: looking for it takes as long as the work. */
const python = pythonWith(['numpy']) ?? 'python3';

function runPython(work: Work, folder: string): void {
  output(python, [compiled('../../../test/bench/floors/read_rlds.py'), work, folder]);
}

function runCat(shards: readonly string[]): void {
  const { status } = spawnSync('cat', shards, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`cat ended with ${status}`);
}

function runFfmpeg(input: string, settings: readonly string[], to: string): void {
  const source = ['-f', 'image2pipe', '-c:v', 'mjpeg', '-r', String(fps), '-i', input];
  const lerobotSettings = ['-pix_fmt', 'yuv420p', '-g', '2', '-crf', '30'];
  output('ffmpeg', ['-v', 'error', '-y', ...source, ...settings, ...lerobotSettings, '-f', 'mp4', to]);
}

function output(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${error?.message ?? stderr}`);
  return stdout;
}
