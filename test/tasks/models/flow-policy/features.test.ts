import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeTee } from '../../../../tasks/envs/pusht/geometry.ts';
import { featureWidth, observationWidth, writeFeatures } from '../../../../tasks/models/flow-policy/features.ts';

const limits = { min: new Array<number>(18).fill(0), max: new Array<number>(18).fill(512) };

/** Features of one observation without the observation itself: tee's direction (2), way from the goal (6), place (14). */
function derived(pusher: readonly [number, number], [x, y, angle]: readonly [number, number, number]): Float32Array {
  const seen = Float32Array.from([...pusher, ...placeTee(x, y, angle, new Float64Array(16))]);
  const features = new Float32Array(featureWidth(1));
  writeFeatures(seen, 0, { obsSteps: 1, limits }, features, 0);
  return features.subarray(observationWidth);
}

const near = (a: Float32Array, b: ArrayLike<number>): void =>
  a.forEach((value, i) => assert.ok(Math.abs(value - (b[i] as number)) < 1e-4, `${value} is not near ${b[i]}`));

test("the pusher's place in the tee's frame stays when both are moved and turned alike", () => {
  const [cos, sin] = [Math.cos(1.2), Math.sin(1.2)];
  const offset = [40, -25] as const;
  const turned = [cos * offset[0] - sin * offset[1], sin * offset[0] + cos * offset[1]] as const;
  const before = derived([200 + offset[0], 220 + offset[1]], [200, 220, 0]);
  near(derived([300 + turned[0], 130 + turned[1]], [300, 130, 1.2]).slice(8), before.slice(8));
});

test('a tee on its goal has no way to go', () => {
  near(derived([100, 100], [256, 256, Math.PI / 4]).slice(0, 8), [Math.SQRT1_2, Math.SQRT1_2, 0, 0, 0, 0, 0, 0]);
});
