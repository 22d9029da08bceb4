import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { Problem } from '../../../cache/problem.ts';
import { refuseFailure, startFfmpeg, stopFfmpeg } from './ffmpeg.ts';
import { mp4FrameCount } from './mp4-frame-count.ts';

export type VideoCodec = 'av1' | 'h264';

/** What the frames are: raw RGB of one size, row-major, 3 bytes a pixel, or whole JPEG or PNG files. */
export type FrameFormat =
  | { readonly of: 'rgb24'; readonly width: number; readonly height: number }
  | { readonly of: 'jpeg' | 'png' };

export interface Encoding {
  readonly codec: VideoCodec;
  /** Constant; frame k is shown at k / fps seconds. */
  readonly fps: number;
  readonly frames: FrameFormat;
}

/** LeRobot's settings for both codecs: one frame in two can be jumped to, quality 30, 4:2:0. */
const lerobotSettings = ['-pix_fmt', 'yuv420p', '-g', '2', '-crf', '30'];

/** The encoder that ffmpeg has to have for a codec. */
export const encoderNames: Readonly<Record<VideoCodec, string>> = { av1: 'libsvtav1', h264: 'libx264' };

/**
 * One thread an encoder: several videos are encoded side by side, and with more threads than one the bytes could
 * depend on the machine.
 */
const encoders: Readonly<Record<VideoCodec, readonly string[]>> = {
  av1: ['-c:v', encoderNames.av1, '-svtav1-params', 'lp=1'],
  h264: ['-c:v', encoderNames.h264, '-threads', '1'],
};

/**
 * Encodes frames to an MP4 file with one ffmpeg process, as they come; returns how many there were.
 *
 * Frames are taken no faster than they are encoded and never touch the disk. The file appears under its name when it is
 * whole: with exactly as many frames as were given. Equal frames give equal bytes with the same ffmpeg.
 */
export async function encodeVideo(
  frames: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  path: string,
  encoding: Encoding,
): Promise<number> {
  const partial = join(dirname(path), `.tmp-${basename(path)}`);
  const program = startFfmpeg('ffmpeg', argumentsFor(encoding, partial), { stdin: 'pipe', stdout: 'ignore' });
  try {
    const count = await send(checkedFrames(frames, encoding.frames, path), program.stdin);
    refuseFailure('ffmpeg', path, await program);
    await refuseOtherCount(partial, path, count);
    await rename(partial, path);
    return count;
  } catch (error) {
    stopFfmpeg(program);
    await program;
    await rm(partial, { force: true });
    throw error;
  }
}

function argumentsFor({ codec, fps, frames }: Encoding, output: string): string[] {
  const input =
    frames.of === 'rgb24'
      ? ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${frames.width}x${frames.height}`]
      : ['-f', 'image2pipe', '-c:v', frames.of === 'jpeg' ? 'mjpeg' : 'png'];
  const quiet = ['-hide_banner', '-v', 'error', '-y'];
  return [...quiet, ...input, '-r', String(fps), '-i', 'pipe:0', ...encoderArguments(codec), '-f', 'mp4', output];
}

/** What makes an encoder of ffmpeg write what LeRobot's would, and the same bytes each time. */
export function encoderArguments(codec: VideoCodec): string[] {
  const sameBytes = ['-map_metadata', '-1', '-fflags', '+bitexact', '-flags:v', '+bitexact'];
  return [...encoders[codec], ...lerobotSettings, ...sameBytes];
}

/** Writes all frames, waiting where the encoder is behind; stops without complaint when it has ended: its end tells why. */
async function send(frames: AsyncIterable<Uint8Array>, pipe: Writable): Promise<number> {
  let count = 0;
  const ended = new Promise<void>((resolve) => {
    pipe.once('error', () => resolve());
    pipe.once('close', () => resolve());
  });
  for await (const frame of frames) {
    if (pipe.destroyed) break;
    count += 1;
    if (!pipe.write(frame)) await Promise.race([once(pipe, 'drain').catch(() => {}), ended]);
  }
  pipe.end();
  return count;
}

async function* checkedFrames(
  frames: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  format: FrameFormat,
  path: string,
): AsyncGenerator<Uint8Array> {
  const expected = format.of === 'rgb24' ? format.width * format.height * 3 : undefined;
  let index = 0;
  for await (const frame of frames) {
    if (frame.length === 0 || (expected !== undefined && frame.length !== expected)) {
      const wanted = expected === undefined ? 'an image' : `${expected}`;
      throw new Problem('frame-size', `Frame ${index} of ${path} has ${frame.length} bytes, not ${wanted}.`);
    }
    yield frame;
    index += 1;
  }
  if (index === 0) throw new Problem('no-frames', `${path} would have no frames.`);
}

/** ffmpeg leaves out images that it cannot decode, and says so nowhere but in its log. */
async function refuseOtherCount(partial: string, path: string, count: number): Promise<void> {
  const frameCount = await mp4FrameCount(partial);
  if (frameCount === count) return;
  throw new Problem('frames-lost', `${path} got ${frameCount} of ${count} frames: some of the images are damaged.`);
}
