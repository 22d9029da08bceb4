import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExactAccumulator } from '../../../tasks/norm-stats/exact-accumulator.ts';

const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 2, maxLength: 300 });

test('quantiles are those of the sorted values, in any number of batches', () => {
  fc.assert(
    fc.property(values, fc.nat(), (rows, cut) => {
      const at = cut % rows.length;
      const { q01, q99 } = statistics([rows.slice(0, at), rows.slice(at)], 1);
      assert.deepEqual([q01[0], q99[0]], [sortedQuantile(rows, 0.01), sortedQuantile(rows, 0.99)]);
    }),
  );
});

test('mean and deviation are of the population, per column', () => {
  const { mean, std } = statistics([[1, 10, 3, 10]], 2);
  assert.deepEqual(
    [mean, std],
    [
      [2, 10],
      [1, 0],
    ],
  );
});

test('one row is too few', () => {
  assert.throws(() => statistics([[1]], 1), { code: 'too-few-rows' });
});

function statistics(batches: readonly (readonly number[])[], width: number) {
  const accumulator = new ExactAccumulator(width);
  for (const batch of batches) accumulator.firstPass(Float32Array.from(batch));
  for (const batch of batches) accumulator.secondPass(Float32Array.from(batch));
  return accumulator.statistics();
}

function sortedQuantile(rows: readonly number[], share: number): number {
  const sorted = Float64Array.from(rows, (value) => value + 0).sort();
  const position = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(position)] as number, sorted[Math.ceil(position)] as number];
  return low + (high - low) * (position - Math.floor(position));
}
