import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Problem } from '../../../cache/problem.ts';
import { piecesOf, type VideoFrame } from './decode.ts';
import { refuseFailure, startFfmpeg, stopFfmpeg } from './ffmpeg.ts';

export interface ImageDecoding {
  /** The format of the files. Default png. */
  readonly of?: 'png' | 'jpeg';
  readonly width: number;
  readonly height: number;
  /** Whose images the files are, for messages. */
  readonly camera: string;
  /** An image holds only until the next is taken. Default false. */
  readonly overwrites?: boolean;
}

/**
 * Decodes whole PNG or JPEG files of one size, with one ffmpeg for all of them.
 *
 * JPEGs become RGB with full precision, a little off from what other decoders give: they interpolate colours otherwise.
 */
export async function* decodeImages(
  files: readonly Uint8Array[],
  { of = 'png', width, height, camera, overwrites = false }: ImageDecoding,
): AsyncGenerator<VideoFrame> {
  const codec = of === 'png' ? 'png' : 'mjpeg';
  const input = ['-hide_banner', '-v', 'error', '-xerror', '-f', 'image2pipe', '-c:v', codec, '-i', 'pipe:0'];
  const precise = ['-sws_flags', 'bicubic+accurate_rnd+full_chroma_int'];
  const output = [...precise, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const program = startFfmpeg('ffmpeg', [...input, ...output], {
    stdin: 'pipe',
    stdout: 'pipe',
    buffer: { stdout: false },
  });
  const sent = pipeline(Readable.from(files), program.stdin).catch(() => {}); // ffmpeg's own end tells what is wrong
  try {
    let count = 0;
    for await (const rgb of piecesOf(program.stdout, { width, height, overwrites }, camera)) {
      yield { width, height, rgb };
      count += 1;
    }
    refuseFailure('ffmpeg', camera, await program);
    if (count !== files.length)
      throw new Problem('video-short', `Only ${count} of ${files.length} images of ${camera} can be decoded.`);
  } finally {
    stopFfmpeg(program);
    await Promise.all([program, sent]);
  }
}
