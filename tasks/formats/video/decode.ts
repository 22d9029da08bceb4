import type { Readable } from 'node:stream';
import { Problem } from '../../../cache/problem.ts';
import { refuseFailure, startFfmpeg, stopFfmpeg } from './ffmpeg.ts';
import { readMp4Index } from './mp4-index.ts';
import { probeVideo } from './probe.ts';

export interface VideoFrame {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3] RGB, of its own: nothing writes to it later. */
  readonly rgb: Uint8Array;
}

/** Frames of an MP4 file that follow one another when shown. */
export interface FrameSpan {
  readonly firstFrame: number;
  readonly frameCount: number;
}

/**
 * All frames of the first video in a file, or those of `span`, in the order in which they are shown, each once, whatever
 * their times.
 *
 * They are decoded as they are taken; leaving early ends ffmpeg. A video that ends early or is damaged is a `Problem`
 * after the frames before it.
 */
export async function* decodeVideo(path: string, span?: FrameSpan): AsyncGenerator<VideoFrame> {
  const facts = await probeVideo(path);
  const expected = span?.frameCount ?? facts.frameCount;
  const seek = span ? await seekArguments(path, span) : { input: [], output: [] };
  const program = startFfmpeg('ffmpeg', argumentsFor(path, seek), {
    stdin: 'ignore',
    stdout: 'pipe',
    buffer: { stdout: false },
  });
  try {
    let count = 0;
    for await (const rgb of piecesOf(program.stdout, facts, path)) {
      yield { width: facts.width, height: facts.height, rgb };
      count += 1;
    }
    refuseFailure('ffmpeg', path, await program);
    if (count !== expected) {
      throw new Problem('video-short', `${path} gave ${count} of the ${expected} frames that its index has.`);
    }
  } finally {
    stopFfmpeg(program);
    await program;
  }
}

/**
 * The output has a constant rate, so ffmpeg would repeat and drop frames to keep to the times in the file; new times,
 * one frame every 40 ms, leave it nothing to correct.
 */
const everyFrameOnce = ['-vf', 'settb=1/25,setpts=N', '-r', '25'];

/** ffmpeg decodes from the key frame before and leaves out what is shown before the first frame less half a frame. */
async function seekArguments(path: string, { firstFrame, frameCount }: FrameSpan) {
  const { times } = await readMp4Index(path);
  const [first, before] = [times[firstFrame], times[firstFrame - 1]];
  if (first === undefined || firstFrame + frameCount > times.length) {
    throw new Problem('video-short', `${path} has ${times.length} frames, not ${firstFrame + frameCount}.`);
  }
  const start = before === undefined ? [] : ['-ss', ((first + before) / 2 - (times[0] as number)).toFixed(6)];
  return { input: start, output: ['-frames:v', String(frameCount)] };
}

function argumentsFor(path: string, seek: { input: readonly string[]; output: readonly string[] }): string[] {
  const quiet = ['-hide_banner', '-v', 'error', '-xerror', '-noautorotate'];
  const input = [...seek.input, '-i', path, '-map', '0:v:0'];
  return [...quiet, ...input, ...everyFrameOnce, ...seek.output, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
}

/** Cuts a stream of RGB pixels into frames. */
export async function* piecesOf(
  stdout: Readable,
  { width, height }: { width: number; height: number },
  path: string,
): AsyncGenerator<Uint8Array> {
  const length = width * height * 3;
  let frame = new Uint8Array(length);
  let filled = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + length - filled);
      frame.set(part, filled);
      [at, filled] = [at + part.length, filled + part.length];
      if (filled < length) continue;
      yield frame;
      [frame, filled] = [new Uint8Array(length), 0];
    }
  }
  if (filled > 0)
    throw new Problem('video-failed', `ffmpeg gave only ${filled} of ${length} bytes of a frame of ${path}.`);
}
