import { execaSync } from 'execa';

const ffmpeg = execaSync('ffmpeg', ['-hide_banner', '-encoders'], { reject: false });

/** Says why a test that needs ffmpeg is left out; false when it is not. */
export function withoutFfmpeg(encoder = ''): string | false {
  if (ffmpeg.failed) return 'ffmpeg is not installed (apt-get install -y ffmpeg)';
  return ffmpeg.stdout.includes(encoder) ? false : `this ffmpeg has no ${encoder}`;
}

export const size = { width: 96, height: 64 } as const;

/** Smooth RGB frames, each lighter than the one before and with a bar of its own, so that none is like another. */
export function* drawnFrames(count: number): Generator<Uint8Array> {
  for (let index = 0; index < count; index += 1) {
    const rgb = new Uint8Array(size.width * size.height * 3);
    for (let pixel = 0; pixel < size.width * size.height; pixel += 1) {
      const column = pixel % size.width;
      const bar = Math.abs(column - 8 * index) < 6 ? 60 : 0;
      rgb.set([40 + 8 * index + bar, 60 + column, 120], pixel * 3);
    }
    yield rgb;
  }
}

/** Mean of the absolute differences of two frames, in levels of 0 to 255. */
export function difference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (const [index, value] of a.entries()) sum += Math.abs(value - (b[index] ?? 0));
  return sum / a.length;
}
