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
  /** Told each frame on the way: RGB of the result's size, before it is encoded; it holds only during the call. */
  readonly onFrame: (frame: number, rgb: Uint8Array) => void;
}

/**
 * Makes another MP4 of a recording, in another size, rate and codec, with one ffmpeg: only small frames leave it, to be
 * looked at. Sizes change by ffmpeg's bicubic filter with rounding that is the same on every machine.
 *
 * The file appears under its name when it is whole. A recording with fewer frames is a `Problem`.
 */
export async function transcodeVideo(recording: string, path: string, transcoding: Transcoding): Promise<void> {
  const { size, onFrame, frameCount } = transcoding;
  const partial = join(dirname(path), `.tmp-${basename(path)}`);
  const program = startFfmpeg('ffmpeg', argumentsFor(recording, partial, transcoding), {
    stdin: 'ignore',
    stdout: 'pipe',
    buffer: { stdout: false },
  });
  try {
    let seen = 0;
    for await (const rgb of piecesOf(program.stdout, { ...size, overwrites: true }, recording)) {
      onFrame(seen, rgb);
      seen += 1;
    }
    refuseFailure('ffmpeg', recording, await program);
    const encodedCount = await mp4FrameCount(partial);
    if (encodedCount !== frameCount || seen !== frameCount) {
      throw new Problem('video-short', `${recording} gave ${Math.min(encodedCount, seen)} of ${frameCount} frames.`);
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
  const { codec, fps, size, frameCount } = transcoding;
  // New times first: those of the recording would make ffmpeg repeat and drop frames.
  const scaled = `settb=1/${fps},setpts=N,trim=end_frame=${frameCount},scale=${size.width}:${size.height}`;
  return [
    ...['-hide_banner', '-v', 'error', '-xerror', '-y', '-threads', '1', '-noautorotate', '-i', recording],
    ...['-sws_flags', 'bicubic+accurate_rnd+full_chroma_int+bitexact'],
    ...['-filter_complex', `[0:v:0]${scaled},split[all][look];[look]format=rgb24[frames]`],
    ...['-map', '[all]', '-r', String(fps), ...encoderArguments(codec), '-f', 'mp4', output],
    ...['-map', '[frames]', '-fps_mode', 'passthrough', '-f', 'rawvideo', 'pipe:1'],
  ];
}
