import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { imageStats, sampledFrames } from '../../../../../tasks/formats/lerobot-dataset/statistics/image-stats.ts';

test('the frames that count are those that upstream takes', () => {
  const counts = [1, 2, 99, 100, 101, 500, 1000, 2000, 5000, 10_000, 20_000].map(
    (length) => sampledFrames(length).length,
  );
  assert.deepEqual(counts, [1, 2, 99, 100, 100, 105, 177, 299, 594, 1000, 1681]);
  assert.deepEqual(sampledFrames(101).slice(0, 3), [0, 1, 2]);
  assert.deepEqual([sampledFrames(101)[49], sampledFrames(101)[50], sampledFrames(101).at(-1)], [49, 51, 100]);
});

test('they begin with the first frame, end with the last and never repeat', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 30_000 }), (length) => {
      const frames = sampledFrames(length);
      assert.deepEqual([frames[0], frames.at(-1)], [0, length - 1]);
      assert.ok(frames.every((frame, i) => i === 0 || frame > (frames[i - 1] ?? 0)));
    }),
  );
});

test('mean and deviation are those of all pixels at once', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 12, maxLength: 12 }), { minLength: 1, maxLength: 6 }), (frames) => {
      const stats = imageStats({ length: frames.length, width: 2, height: 2 });
      for (const [frame, rgb] of frames.entries()) stats.add(frame, rgb);
      const { min, max, mean, std, count } = stats.total();
      assert.equal(count, frames.length);
      for (const channel of [0, 1, 2]) {
        const values = frames
          .flatMap((rgb) => [...rgb].filter((_, i) => i % 3 === channel))
          .map((value) => value / 255);
        const average = values.reduce((sum, value) => sum + value, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length;
        assert.deepEqual([min[channel], max[channel]], [Math.min(...values), Math.max(...values)]);
        assert.ok(Math.abs((mean[channel] ?? 0) - average) < 1e-12);
        assert.ok(Math.abs((std[channel] ?? 0) - Math.sqrt(variance)) < 1e-12);
      }
    }),
  );
});

test('of large images every k-th pixel counts, in both directions', () => {
  const [width, height] = [301, 4];
  const stats = imageStats({ length: 1, width, height });
  const rgb = new Uint8Array(width * height * 3).fill(255);
  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column += 2)
      rgb.fill(0, (row * width + column) * 3, (row * width + column) * 3 + 3);
  }
  stats.add(0, rgb);
  assert.deepEqual(stats.total().max, [0, 0, 0]);
});

test('a frame of another size and a frame that never came are told', () => {
  const stats = imageStats({ length: 2, width: 2, height: 1 });
  assert.throws(() => stats.add(0, new Uint8Array(5)), { code: 'frame-size', message: /5 bytes.*2 x 1.*6/ });
  stats.add(0, new Uint8Array(6));
  assert.throws(() => stats.total(), { code: 'frames-lost', message: /lack frame 1/ });
});
