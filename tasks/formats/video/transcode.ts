import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { piecesOf } from './decode.ts';
import { encoderArguments, type VideoCodec } from './encode.ts';
import { refuseFailure, startFfmpeg, stopFfmpeg } from './ffmpeg.ts';
import { mp4FrameCount } from './mp4-frame-count.ts';

export interface Transcoding {
  readonly codec: VideoCodec;
  /** Constant; frame k is shown at k / fps seconds. */
  readonly fps: number;
  /** Of the result, in pixels; proportions are not kept. */
  readonly size: { readonly width: number; readonly height: number };
  /** The result has the first so many frames of the recording. */
  readonly frameCount: number;
  /** Frames to look at on the way, ascending: RGB of the result's size, before it is encoded. */
  readonly sampled: readonly number[];
  readonly onSample: (frame: number, rgb: Uint8Array) => void;
}

/**
 * Makes another MP4 of a recording, in another size, rate and codec, with one ffmpeg: frames never leave it, save those
 * that are sampled. Sizes change by ffmpeg's bicubic filter with rounding that is the same on every machine.
 *
 * The file appears under its name when it is whole. A recording with fewer frames is a `Problem`.
 */
export async function transcodeVideo(recording: string, path: string, transcoding: Transcoding): Promise<void> {
  const { size, sampled, onSample, frameCount } = transcoding;
  const partial = join(dirname(path), `.tmp-${basename(path)}`);
  const program = startFfmpeg('ffmpeg', argumentsFor(recording, partial, transcoding), {
    stdin: 'ignore',
    stdout: 'pipe',
    buffer: { stdout: false },
  });
  try {
    let seen = 0;
    for await (const rgb of piecesOf(program.stdout, { ...size, overwrites: true }, recording)) {
      const frame = sampled[seen];
      if (frame !== undefined) onSample(frame, rgb);
      seen += 1;
    }
    refuseFailure('ffmpeg', recording, await program);
    const found = await mp4FrameCount(partial);
    if (found !== frameCount || seen !== sampled.length) {
      throw new Problem('video-short', `${recording} gave ${found} of ${frameCount} frames, and ${seen} samples.`);
    }
    await rename(partial, path);
  } catch (error) {
    stopFfmpeg(program);
    await program;
    await rm(partial, { force: true });
    throw error;
  }
}

function argumentsFor(recording: string, output: string, transcoding: Transcoding): string[] {
  const { codec, fps, size, frameCount, sampled } = transcoding;
  // New times first: those of the recording would make ffmpeg repeat and drop frames.
  const scaled = `settb=1/${fps},setpts=N,scale=${size.width}:${size.height},trim=end_frame=${frameCount}`;
  const chosen = sampled.map((frame) => `eq(n,${frame})`).join('+') || '0';
  const graph = `[0:v:0]${scaled},split[all][look];[look]select='${chosen}',format=rgb24[samples]`;
  return [
    ...['-hide_banner', '-v', 'error', '-xerror', '-y', '-threads', '1', '-noautorotate', '-i', recording],
    ...['-sws_flags', 'bicubic+accurate_rnd+full_chroma_int+bitexact', '-filter_complex', graph],
    ...['-map', '[all]', '-r', String(fps), ...encoderArguments(codec), '-f', 'mp4', output],
    ...['-map', '[samples]', '-fps_mode', 'passthrough', '-f', 'rawvideo', 'pipe:1'],
  ];
}
