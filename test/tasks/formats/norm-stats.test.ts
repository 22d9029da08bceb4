import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { normStatsText, readNormStats, writeNormStats } from '../../../tasks/formats/norm-stats.ts';
import { goldenPath } from '../../support/openpi-golden.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('the file has the layout of openpi, down to the spelling of these numbers', async (t) => {
  const original = goldenPath('norm_stats/norm_stats.expected.json');
  const path = join(tempFolder(t), 'norm_stats.json');
  await writeNormStats(path, await readNormStats(original));
  assert.equal(readFileSync(path, 'utf8'), readFileSync(original, 'utf8'));
});

test('quantiles may be absent or null, mean and deviation may not', async (t) => {
  const path = join(tempFolder(t), 'norm_stats.json');
  writeFileSync(path, '{"norm_stats": {"state": {"mean": [1], "std": [2], "q01": null, "min": [0]}}, "more": 1}');
  assert.deepEqual(await readNormStats(path), { state: { mean: [1], std: [2] } });
  writeFileSync(path, '{"norm_stats": {"state": {"mean": [1]}}}');
  await assert.rejects(readNormStats(path), { code: 'not-norm-stats', message: /std/ });
  await assert.rejects(readNormStats(`${path}.gone`), { code: 'not-norm-stats', message: /gone/ });
});

test('numbers that JSON cannot hold are refused', () => {
  assert.throws(() => normStatsText({ state: { mean: [Number.NaN], std: [1] } }), {
    code: 'value-not-finite',
    message: 'The statistics state.mean hold NaN, which JSON cannot hold.',
  });
});
