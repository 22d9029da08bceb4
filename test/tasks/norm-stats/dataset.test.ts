import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lerobotDataset } from '../../../tasks/kinds/lerobot-dataset.ts';
import { NormStatsFile, normStats } from '../../../tasks/kinds/norm-stats.ts';
import { datasetStats } from '../../../tasks/norm-stats/dataset.ts';
import { query } from '../../support/duckdb.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { writeTinyDataset } from '../../support/tiny-dataset.ts';

test('statistics are those that DuckDB computes over all frames', async (t) => {
  const root = tempFolder(t);
  const path = await writeTinyDataset(join(root, 'set'), { lengths: [30, 7, 12] });
  const dataset = await artifactAt(lerobotDataset, path);
  const { stats } = (await runTask(datasetStats, { dataset, keys: ['observation.state', 'action'] }, root)).out;
  assert.deepEqual((await artifactAt(normStats, stats)).meta, { features: ['action', 'observation.state'] });
  const { norm_stats } = NormStatsFile.parse(JSON.parse(readFileSync(`${stats}/norm_stats.json`, 'utf8')));
  const column = '"observation.state"[2]::double';
  const [row] = await query(
    `select avg(${column}), stddev_pop(${column}), quantile_cont(${column}, 0.01), quantile_cont(${column}, 0.99),
     min(${column}), max(${column}) from read_parquet('${path}/data/*/*.parquet')`,
  );
  const state = norm_stats['observation.state'];
  const found = [state?.mean, state?.std, state?.q01, state?.q99, state?.min, state?.max].map(
    (values) => values?.[1] ?? NaN,
  );
  found.forEach((value, i) =>
    assert.ok(Math.abs(value - Number(row?.[i])) < 1e-9, `${i}: ${value} and ${String(row?.[i])}`),
  );
  assert.equal(norm_stats.action?.mean.length, 6);
});

test('a feature that the dataset does not have is named', async (t) => {
  const root = tempFolder(t);
  const dataset = await artifactAt(lerobotDataset, await writeTinyDataset(join(root, 'set')));
  await assert.rejects(runTask(datasetStats, { dataset, keys: ['velocity'] }, root), {
    code: 'feature-unknown',
    message: /velocity/,
  });
});
