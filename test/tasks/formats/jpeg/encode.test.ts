import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'jpeg-js';
import { jpegEncoder } from '../../../../tasks/formats/jpeg/encode.ts';

/** Smooth in brightness and colour, so that little is lost. */
function slope(width: number, height: number): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rgb.set([40 + x, 60 + y, 200 - x], 3 * (y * width + x));
  }
  return rgb;
}

for (const [width, height] of [
  [64, 48],
  [37, 21],
  [1, 1],
] as const) {
  test(`another decoder gives back what was encoded, ${width} x ${height}`, () => {
    const rgb = slope(width, height);
    const decoded = decode(jpegEncoder(95)({ width, height, rgb }), { useTArray: true });
    assert.deepEqual([decoded.width, decoded.height], [width, height]);
    let worst = 0;
    for (let i = 0; i < width * height; i += 1) {
      for (let c = 0; c < 3; c += 1) {
        worst = Math.max(worst, Math.abs((decoded.data[4 * i + c] as number) - (rgb[3 * i + c] as number)));
      }
    }
    assert.ok(worst <= 6, `off by ${worst}`);
  });
}

test('lower quality is smaller', () => {
  const rgb = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251);
  const sizes = [20, 50, 90].map((quality) => jpegEncoder(quality)({ width: 64, height: 64, rgb }).length);
  assert.deepEqual(
    sizes,
    [...sizes].sort((a, b) => a - b),
  );
});

test('an encoder keeps nothing of the picture before', () => {
  const encode = jpegEncoder(80);
  const picture = { width: 32, height: 16, rgb: slope(32, 16) };
  const first = encode(picture);
  encode({ width: 16, height: 32, rgb: slope(16, 32).reverse() });
  assert.deepEqual(encode(picture), first);
});
