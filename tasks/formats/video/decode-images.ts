import { Problem } from '../../../cache/problem.ts';
import { rawFrames } from './decode.ts';
import { refuseFailure, startFfmpeg, stopFfmpeg } from './ffmpeg.ts';

/**
 * The pixels of image files of one format and size, [height, width, 3] RGB, in their order, by one ffmpeg process.
 *
 * An image that cannot be decoded is a `Problem`, after those before it.
 */
export async function* decodeImages(
  files: readonly Uint8Array[],
  { of, width, height }: { of: 'jpeg' | 'png'; width: number; height: number },
): AsyncGenerator<Uint8Array> {
  const input = ['-f', 'image2pipe', '-c:v', of === 'jpeg' ? 'mjpeg' : 'png', '-i', 'pipe:0'];
  const exact = ['-sws_flags', 'bicubic+accurate_rnd+full_chroma_int'];
  const output = ['-fps_mode', 'passthrough', ...exact, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const program = startFfmpeg('ffmpeg', ['-hide_banner', '-v', 'error', '-xerror', ...input, ...output], {
    input: Buffer.concat(files),
    stdout: 'pipe',
    buffer: { stdout: false },
  });
  try {
    let count = 0;
    for await (const rgb of rawFrames(program.stdout, { width, height }, 'images')) {
      count += 1;
      yield rgb;
    }
    refuseFailure('ffmpeg', 'images', await program);
    if (count === files.length) return;
    throw new Problem('frames-lost', `${count} of ${files.length} images could be decoded: some are damaged.`);
  } finally {
    stopFfmpeg(program);
    await program;
  }
}
