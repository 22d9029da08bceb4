import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fillGaussian, permutation, randomOf } from '../../../tasks/models/random.ts';

test('gaussian numbers have mean 0, variance 1 and no skew', () => {
  const values = new Float32Array(100_001);
  fillGaussian(values, randomOf(3, 1));
  const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
  assert.ok(Math.abs(moment(1)) < 0.02 && Math.abs(moment(2) - 1) < 0.02 && Math.abs(moment(3)) < 0.05);
});

test('a permutation holds every index once', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.nat(), (count, seed) => {
      const sorted = permutation(count, randomOf(seed)).sort();
      assert.deepEqual(
        [...sorted],
        Array.from({ length: count }, (_, i) => i),
      );
    }),
  );
});

test('every part of a key counts', () => {
  const keys = [[1], [2], [1, 0], [0, 1], [1, 1], [1, 2], [2, 1], [1, 2, 3], [1, 3, 2]];
  assert.equal(new Set(keys.map((key) => randomOf(...key).uint32())).size, keys.length);
});
