import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { binCount, RunningHistogram } from '../../../tasks/norm-stats/openpi-histogram.ts';

const batches = fc.array(fc.array(fc.float({ noNaN: true, min: -8, max: 8 }), { minLength: 1, maxLength: 30 }), {
  minLength: 1,
  maxLength: 6,
});
/** Few values, so that edges are met and ranges of zero occur. */
const coarse = fc.array(fc.array(fc.constantFrom(0, 0.5, 1, -1, 1e-12), { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 6,
});

test('counts are those of the rule with sorted values, through any growth', () => {
  fc.assert(
    fc.property(fc.oneof(batches, coarse), (all) => {
      const [first = []] = all;
      let [low, high] = [Math.min(...first), Math.max(...first)];
      const histogram = new RunningHistogram(low, high);
      let expected = new Float64Array(binCount);
      for (const batch of all) {
        const before = histogram.edges.slice(0, binCount);
        [low, high] = [Math.min(low, ...batch), Math.max(high, ...batch)];
        if (batch !== first) {
          histogram.relay(low, high);
          expected = countsOf(before, expected, histogram.edges);
        }
        histogram.add(batch, { first: 0, every: 1 });
        const added = countsOf(Float64Array.from(batch), new Float64Array(batch.length).fill(1), histogram.edges);
        expected = expected.map((count, k) => count + (added[k] as number));
        assert.deepEqual(histogram.counts, expected);
      }
    }),
    { numRuns: 60 },
  );
});

/** numpy's: how much weight lies below each edge (at the last one: at or below it), and the differences of that. */
function countsOf(values: Float64Array, weights: Float64Array, edges: Float64Array): Float64Array<ArrayBuffer> {
  const order = [...values.keys()]
    .filter((i) => (weights[i] as number) > 0)
    .sort((a, b) => (values[a] as number) - (values[b] as number));
  let [next, sum] = [0, 0];
  const below = Array.from(edges, (edge, k) => {
    for (; next < order.length; next += 1) {
      const i = order[next] as number;
      const value = values[i] as number;
      if (!(value < edge || (k === binCount && value <= edge))) break;
      sum += weights[i] as number;
    }
    return sum;
  });
  return Float64Array.from({ length: binCount }, (_, k) => (below[k + 1] as number) - (below[k] as number));
}
