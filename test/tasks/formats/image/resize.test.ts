import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Filter, resizer, type Size } from '../../../../tasks/formats/image/resize.ts';
import { resizeWithPad } from '../../../../tasks/formats/image/resize-with-pad.ts';
import { goldenJson } from '../../../support/golden.ts';

interface PillowCase {
  readonly from: Size;
  readonly to: Size;
  readonly filter: Filter;
  readonly sha256: string;
}

test('bicubic and bilinear resizing give the bytes of Pillow', () => {
  for (const { from, to, filter, sha256: expected } of goldenJson<PillowCase[]>('pillow/resize.json')) {
    const image = imageOf(from, (x, y, c) => 3 * y * y + 5 * x * x + 7 * x * y + 11 * c * (x + 1));
    const what = `${filter} ${from.width} x ${from.height} to ${to.width} x ${to.height}`;
    assert.equal(sha256(resizer({ from, to, filter })(image)), expected, what);
  }
});

interface OpenpiCase {
  readonly file: string;
  readonly input: Size;
  readonly output: Size & { readonly sha256: string };
}

test('resizing with padding gives the bytes of openpi', () => {
  const { resize_with_pad } = goldenJson<{ resize_with_pad: OpenpiCase[] }>('openpi/images.json');
  assert.equal(resize_with_pad.length, 7);
  for (const { file, input, output } of resize_with_pad) {
    const image = imageOf(input, (x, y, c) => 3 * y + 5 * x + 7 * c);
    assert.equal(sha256(resizeWithPad({ from: input, to: output })(image)), output.sha256, file);
  }
});

test('an image of one colour keeps it at every size', () => {
  const side = fc.integer({ min: 1, max: 60 });
  const size = fc.record({ width: side, height: side });
  const colour = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
  const filter = fc.constantFrom<Filter>('bilinear', 'bicubic');
  fc.assert(
    fc.property(size, size, colour, filter, (from, to, rgb, by) => {
      const resized = resizer({ from, to, filter: by })(imageOf(from, (_x, _y, c) => rgb[c] as number));
      return resized.every((value, i) => value === rgb[i % 3]);
    }),
    { numRuns: 200 },
  );
});

test('a resized image is one of its own, even at the same size', () => {
  const size = { width: 4, height: 3 };
  const image = imageOf(size, (x) => x);
  const resized = resizer({ from: size, to: size, filter: 'bicubic' })(image);
  image.fill(9);
  assert.deepEqual([...resized.subarray(0, 12)], [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
});

function imageOf({ width, height }: Size, value: (x: number, y: number, c: number) => number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return value(pixel % width, Math.floor(pixel / width), i % 3) % 256;
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
