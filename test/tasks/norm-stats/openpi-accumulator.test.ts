import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { OpenpiAccumulator } from '../../../tasks/norm-stats/openpi-accumulator.ts';
import { golden, goldenPath } from '../../support/openpi-golden.ts';

interface Batch {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly name: string;
  readonly dtype: string;
  readonly batches: readonly Batch[];
  readonly expected: Readonly<Record<string, readonly number[]>> & { readonly count: number };
}

const names = readdirSync(goldenPath('norm_stats')).filter((name) => !/errors|file_case|expected/.test(name));

for (const file of names.sort()) {
  test(`openpi's statistics come out bit for bit: ${file}`, () => {
    const { dtype, batches, expected } = golden<Case>(`norm_stats/${file}`);
    const accumulator = fed(batches, dtype);
    const { histograms } = accumulator;
    assert.equal(accumulator.count, expected.count);
    const { mean, std, q01, q99, min, max } = expected;
    assert.deepEqual(
      { ...accumulator.statistics(), min: [...accumulator.min], max: [...accumulator.max] },
      { mean, std, q01, q99, min, max },
    );
    assert.deepEqual(
      histograms.map(({ counts }) => counts.reduce((sum, count) => sum + count, 0)),
      expected.histogram_mass,
    );
    assert.deepEqual(
      histograms.map(({ edges }) => edges[0]),
      expected.first_edge,
    );
    assert.deepEqual(
      histograms.map(({ edges }) => edges.at(-1)),
      expected.last_edge,
    );
  });
}

test('a whole run gives the golden file', () => {
  const input = golden<Record<'state_batches' | 'actions_batches', Batch[]>>('norm_stats/file_case.input.json');
  const { norm_stats } = golden<{ norm_stats: unknown }>('norm_stats/norm_stats.expected.json');
  const state = fed(input.state_batches, 'float32').statistics();
  const actions = fed(input.actions_batches, 'float32').statistics();
  assert.deepEqual({ state, actions }, norm_stats);
});

test('one row is too few, and vectors keep their length', () => {
  const [oneRow, mismatch] = golden<{ batches: Batch[] }[]>('norm_stats/errors.json');
  assert.throws(() => fed(oneRow?.batches ?? [], 'float64').statistics(), { code: 'too-few-rows' });
  assert.throws(() => fed(mismatch?.batches ?? [], 'float64'), {
    code: 'vector-length-differs',
    message: 'A batch has vectors of length 4, where those before had 3.',
  });
});

function fed(batches: readonly Batch[], dtype: string): OpenpiAccumulator {
  const accumulator = new OpenpiAccumulator(dtype === 'float32' ? 'float32' : 'float64');
  for (const { data, shape } of batches) accumulator.update(data, shape.at(-1) as number);
  return accumulator;
}
