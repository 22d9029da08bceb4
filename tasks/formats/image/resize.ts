import { coefficients, type Coefficients, type Filter, precisionBits } from './filters.ts';

export type { Filter } from './filters.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Takes images [height, width, 3] of one size to another; what it returns is a new array each time. */
export type Resize = (rgb: Uint8Array) => Uint8Array;

/**
 * Resizes 8-bit RGB as Pillow does, byte for byte (`Image.resize`, src/libImaging/Resample.c): antialiased when it
 * shrinks, first along rows and then along columns, with weights in fixed point and bytes in between.
 *
 * The order of rows and columns is that of Pillow 11, which openpi's results were made with; 13 starts with columns
 * where the height shrinks by more than twice as many pixels as the width, and rounds otherwise there. The proportions are
 * not kept: `resizeWithPad` does that.
 */
export function resizer({ from, to, filter }: { from: Size; to: Size; filter: Filter }): Resize {
  const along = from.width === to.width ? undefined : coefficients(from.width, to.width, filter);
  const down = from.height === to.height ? undefined : coefficients(from.height, to.height, filter);
  const between = along && down ? new Uint8Array(to.width * from.height * 3) : undefined;
  return (rgb) => {
    const result = new Uint8Array(to.width * to.height * 3);
    if (along) resizeRows(rgb, between ?? result, { along, from: from.width, to: to.width, rows: from.height });
    if (down) resizeColumns(between ?? rgb, result, { down, rowLength: to.width * 3 });
    if (!along && !down) result.set(rgb);
    return result;
  };
}

const half = 1 << (precisionBits - 1);

function resizeRows(
  source: Uint8Array,
  target: Uint8Array,
  { along, from, to, rows }: { along: Coefficients; from: number; to: number; rows: number },
): void {
  const { starts, counts, weights, taps } = along;
  const clamped = new Uint8ClampedArray(target.buffer, target.byteOffset, target.length);
  for (let row = 0, out = 0; row < rows; row += 1) {
    const rowStart = row * from * 3;
    for (let x = 0; x < to; x += 1, out += 3) {
      const firstWeight = x * taps;
      const lastWeight = firstWeight + (counts[x] as number);
      let [red, green, blue] = [half, half, half];
      for (let k = firstWeight, at = rowStart + (starts[x] as number) * 3; k < lastWeight; k += 1, at += 3) {
        const weight = weights[k] as number;
        red = (red + Math.imul(source[at] as number, weight)) | 0;
        green = (green + Math.imul(source[at + 1] as number, weight)) | 0;
        blue = (blue + Math.imul(source[at + 2] as number, weight)) | 0;
      }
      clamped[out] = red >> precisionBits;
      clamped[out + 1] = green >> precisionBits;
      clamped[out + 2] = blue >> precisionBits;
    }
  }
}

/**
 * A row of sums at a time, four rows of the source into it at once: the source is read in the order in which it lies, and
 * the sums are seldom written.
 */
function resizeColumns(
  source: Uint8Array,
  target: Uint8Array,
  { down, rowLength }: { down: Coefficients; rowLength: number },
): void {
  const { starts, counts, weights, taps } = down;
  const clamped = new Uint8ClampedArray(target.buffer, target.byteOffset, target.length);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < starts.length; y += 1) {
    sums.fill(half);
    const count = counts[y] as number;
    for (let k = 0; k < count; k += 4) {
      // Beyond the last row that counts, the last one is taken with no weight.
      const weightOf = (j: number): number => (k + j < count ? (weights[y * taps + k + j] as number) : 0);
      const rowAt = (j: number): number => ((starts[y] as number) + Math.min(k + j, count - 1)) * rowLength;
      const [weight0, weight1, weight2, weight3] = [weightOf(0), weightOf(1), weightOf(2), weightOf(3)];
      const [row0, row1, row2, row3] = [rowAt(0), rowAt(1), rowAt(2), rowAt(3)];
      for (let i = 0; i < rowLength; i += 1) {
        sums[i] =
          ((sums[i] as number) +
            Math.imul(source[row0 + i] as number, weight0) +
            Math.imul(source[row1 + i] as number, weight1) +
            Math.imul(source[row2 + i] as number, weight2) +
            Math.imul(source[row3 + i] as number, weight3)) |
          0;
      }
    }
    for (let i = 0, out = y * rowLength; i < rowLength; i += 1) clamped[out + i] = (sums[i] as number) >> precisionBits;
  }
}
