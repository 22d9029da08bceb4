import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pushtToLerobot } from '../../../tasks/convert/pusht-to-lerobot.ts';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { readEpisodes } from '../../../tasks/formats/lerobot-dataset/read.ts';
import { readArray } from '../../../tasks/formats/zarr/read.ts';
import { lerobotDataset } from '../../../tasks/kinds/lerobot-dataset.ts';
import { zarrStore } from '../../../tasks/kinds/zarr-store.ts';
import { query } from '../../support/duckdb.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { collect } from '../../support/tiny-dataset.ts';

const sample = join(packageRoot(), 'samples/pusht/pusht_cchi_v7_replay.zarr');

for (const version of ['v2.1', 'v3.0'] as const) {
  test(`all demonstrations are converted, and DuckDB reads them with the known statistics, ${version}`, async (t) => {
    const replay = await artifactAt(zarrStore, sample);
    const { dataset } = (await runTask(pushtToLerobot, { replay, version }, tempFolder(t))).out;
    const { meta } = await artifactAt(lerobotDataset, dataset);
    assert.deepEqual([meta.total_episodes, meta.total_frames, meta.fps], [206, 25_650, 10]);
    const [row] = await query(
      `select avg(action[1]), avg(action[2]), min("observation.state"[1]), max("observation.state"[2]),
       sum("next.done"::int), count(distinct episode_index), max("next.reward") from read_parquet('${dataset}/data/*/*.parquet')`,
    );
    const [meanX, meanY, minX, maxY, done, episodes, best] = (row ?? []).map(Number);
    assert.ok(Math.abs((meanX ?? 0) - 228.239649122807) < 1e-6 && Math.abs((meanY ?? 0) - 293.98908382066276) < 1e-6);
    assert.deepEqual([minX, maxY, done, episodes], [13.45642375946045, 510.9578857421875, 2 * 206, 206]);
    // The recordings end one step before the tee arrives: no recorded state is a success.
    assert.ok((best ?? 0) > 0.9 && (best ?? 0) < 1);
  });
}

test('rewards are those of the frame that follows, and done is shifted alike', async (t) => {
  const replay = await artifactAt(zarrStore, sample);
  const { dataset } = (await runTask(pushtToLerobot, { replay, version: 'v3.0', episodes: 1 }, tempFolder(t))).out;
  const [episode] = await collect(readEpisodes(dataset));
  assert.equal(episode?.length, 161);
  const done = Array.from(episode?.columns['next.done'] ?? [], Number);
  assert.deepEqual([done.indexOf(1), done.lastIndexOf(1)], [159, 160]);
  const reward = episode?.columns['next.reward'] as Float32Array;
  assert.equal(reward[159], reward[160]);
});

test('the environment state is the corners of the tee, the first being (-60, 0) turned and moved', async (t) => {
  const replay = await artifactAt(zarrStore, sample);
  const { dataset } = (await runTask(pushtToLerobot, { replay, version: 'v2.1', episodes: 2 }, tempFolder(t))).out;
  const [, second] = await collect(readEpisodes(dataset));
  const state = await readArray(sample, 'data/state');
  const [x = 0, y = 0, angle = 0] = Array.from(state.data.slice(161 * 5 + 2, 161 * 5 + 5), Number);
  const corners = second?.columns['observation.environment_state'] as Float32Array;
  assert.deepEqual([...corners.slice(0, 2)], [x - 60 * Math.cos(angle), y - 60 * Math.sin(angle)].map(Math.fround));
});

test('more episodes than there are cannot be asked for', async (t) => {
  const replay = await artifactAt(zarrStore, sample);
  const run = runTask(pushtToLerobot, { replay, version: 'v3.0', episodes: 207 }, tempFolder(t));
  await assert.rejects(run, { code: 'too-few-episodes', message: /207.*206/ });
});
