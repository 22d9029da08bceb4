import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { meanInterval, pairedDifference, rateInterval } from '../../../../tasks/report/outcomes/statistics.ts';

const near = (found: number, expected: number, tolerance = 5e-4): void =>
  assert.ok(Math.abs(found - expected) < tolerance, `${found} against ${expected}`);

test('Wilson intervals are those of the textbook', () => {
  const { low, high } = rateInterval(8, 10);
  near(low, 0.4902);
  near(high, 0.9433);
});

test('a rate of nothing has an interval, inside [0, 1]', () => {
  const none = rateInterval(0, 50);
  assert.deepEqual([none.value, none.low], [0, 0]);
  near(none.high, 0.0713);
  near(rateInterval(50, 50).high, 1, 1e-12);
});

test('a bootstrap interval holds its mean and is the same every time', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 }), (values) => {
      const interval = meanInterval(values);
      assert.ok(interval.low <= interval.value + 1e-12 && interval.value <= interval.high + 1e-12);
      assert.deepEqual(meanInterval(values), interval);
    }),
    { numRuns: 20 },
  );
});

test('a bootstrap interval is as wide as theory says', () => {
  const values = Array.from({ length: 400 }, (_, k) => k % 2);
  const { low, high } = meanInterval(values);
  near(high - low, 2 * 1.96 * Math.sqrt(0.25 / 400), 8e-3);
});

test('a difference of pairs does not see what all pairs share', () => {
  const before = [0.1, 0.9, 0.4, 0.6];
  const { value, low, high } = pairedDifference(
    before,
    before.map((one) => one + 0.05),
  );
  [value, low, high].forEach((one) => near(one, 0.05, 1e-9));
});
