import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coverageOf } from '../../../../tasks/envs/pusht/coverage.ts';
import { placeTee } from '../../../../tasks/envs/pusht/geometry.ts';
import { mirrorCorners, mirrorPoints } from '../../../../tasks/models/flow-policy/mirror.ts';

const pose = fc.tuple(
  fc.double({ min: 100, max: 400, noNaN: true }),
  fc.double({ min: 100, max: 400, noNaN: true }),
  fc.double({ min: -4, max: 4, noNaN: true }),
);
const cornersAt = (x: number, y: number, angle: number): Float32Array =>
  Float32Array.from(placeTee(x, y, angle, new Float64Array(16)));
const near = (a: number, b: number, within: number): void =>
  assert.ok(Math.abs(a - b) < within, `${a} is not near ${b}`);

test('the image of the image is the original', () => {
  fc.assert(
    fc.property(pose, ([x, y, angle]) => {
      const corners = cornersAt(x, y, angle);
      mirrorCorners(mirrorCorners(corners)).forEach((value, i) => near(value, corners[i] as number, 1e-3));
    }),
  );
});

test('the image of a tee is a tee: its corners are those of the mirrored pose', () => {
  fc.assert(
    fc.property(pose, ([x, y, angle]) => {
      const image = cornersAt(512 - y, 512 - x, Math.PI / 2 - angle);
      mirrorCorners(cornersAt(x, y, angle)).forEach((value, i) => near(value, image[i] as number, 1e-3));
    }),
  );
});

test('a tee and its image cover the goal alike', () => {
  fc.assert(
    fc.property(pose, ([x, y, angle]) => {
      const corners = cornersAt(x, y, angle);
      near(coverageOf(Float64Array.from(mirrorCorners(corners))), coverageOf(Float64Array.from(corners)), 1e-4);
    }),
  );
});

test('the pusher keeps its distance from the tee in the mirror', () => {
  const [pusher, corners] = [Float32Array.of(10, 400), cornersAt(200, 300, 1)];
  const [seen, image] = [mirrorPoints(pusher), mirrorCorners(corners)];
  const distance = (a: Float32Array, b: Float32Array, corner: number): number =>
    Math.hypot(a[0]! - b[2 * corner]!, a[1]! - b[2 * corner + 1]!);
  near(distance(seen, image, 0), distance(pusher, corners, 1), 1e-3);
});
