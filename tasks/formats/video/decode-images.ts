import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Problem } from '../../../cache/problem.ts';
import { piecesOf, type VideoFrame } from './decode.ts';
import { refuseFailure, startFfmpeg, stopFfmpeg } from './ffmpeg.ts';

/** Decodes whole PNG files of one size, with one ffmpeg for all of them. `place`: what they are, for messages. */
export async function* decodeImages(
  files: readonly Uint8Array[],
  { width, height, place }: { width: number; height: number; place: string },
): AsyncGenerator<VideoFrame> {
  const input = ['-hide_banner', '-v', 'error', '-xerror', '-f', 'image2pipe', '-c:v', 'png', '-i', 'pipe:0'];
  const output = ['-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const program = startFfmpeg('ffmpeg', [...input, ...output], {
    stdin: 'pipe',
    stdout: 'pipe',
    buffer: { stdout: false },
  });
  const sent = pipeline(Readable.from(files), program.stdin).catch(() => {}); // ffmpeg's own end tells what is wrong
  try {
    let count = 0;
    for await (const rgb of piecesOf(program.stdout, { width, height }, place)) {
      yield { width, height, rgb };
      count += 1;
    }
    refuseFailure('ffmpeg', place, await program);
    if (count !== files.length)
      throw new Problem('video-short', `Only ${count} of ${files.length} images of ${place} can be decoded.`);
  } finally {
    stopFfmpeg(program);
    await Promise.all([program, sent]);
  }
}
