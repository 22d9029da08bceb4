import type { Readable } from 'node:stream';
import { Problem } from '../../../cache/problem.ts';
import { refuseFailure, startFfmpeg, stopFfmpeg } from './ffmpeg.ts';
import { probeVideo, type VideoFacts } from './probe.ts';

export interface VideoFrame {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3] RGB, of its own: nothing writes to it later. */
  readonly rgb: Uint8Array;
}

/**
 * All frames of the first video in a file, in the order in which they are shown, each once, whatever their times.
 *
 * They are decoded as they are taken; leaving early ends ffmpeg. A video that ends early or is damaged is a `Problem`
 * after the frames before it.
 */
export async function* decodeVideo(path: string): AsyncGenerator<VideoFrame> {
  const facts = await probeVideo(path);
  const program = startFfmpeg('ffmpeg', argumentsFor(path), {
    stdin: 'ignore',
    stdout: 'pipe',
    buffer: { stdout: false },
  });
  try {
    let count = 0;
    for await (const rgb of rawFrames(program.stdout, facts, path)) {
      yield { width: facts.width, height: facts.height, rgb };
      count += 1;
    }
    refuseFailure('ffmpeg', path, await program);
    if (count !== facts.frameCount) {
      throw new Problem('video-short', `${path} has ${count} frames, its index says ${facts.frameCount}.`);
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

function argumentsFor(path: string): string[] {
  const input = ['-hide_banner', '-v', 'error', '-xerror', '-noautorotate', '-i', path, '-map', '0:v:0'];
  return [...input, ...everyFrameOnce, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
}

/** The frames of a stream of raw RGB, each an array of its own. */
export async function* rawFrames(
  stdout: Readable,
  { width, height }: Pick<VideoFacts, 'width' | 'height'>,
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
