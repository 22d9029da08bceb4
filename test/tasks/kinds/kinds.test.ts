import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { kindOf } from '../../../tasks/core/artifact.ts';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { episodeList } from '../../../tasks/kinds/episode-list.ts';
import { folder } from '../../../tasks/kinds/folder.ts';
import { lerobotDataset } from '../../../tasks/kinds/lerobot-dataset.ts';
import { normStats } from '../../../tasks/kinds/norm-stats.ts';
import { zarrStore } from '../../../tasks/kinds/zarr-store.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { writeTinyDataset } from '../../support/tiny-dataset.ts';

test('a dataset is described by its info.json', async (t) => {
  for (const version of ['v2.1', 'v3.0'] as const) {
    const meta = await inspect(lerobotDataset, await writeTinyDataset(join(tempFolder(t), 'set'), { version }));
    const { codebase_version, fps, total_episodes, total_frames, features } = meta as Record<string, unknown>;
    assert.deepEqual([codebase_version, fps, total_episodes, total_frames], [version, 10, 3, 8]);
    assert.deepEqual((features as Record<string, object>).action, { dtype: 'float64', shape: [2, 3] });
  }
});

test('a dataset is broken when a data file is missing, and the file is named', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'), { version: 'v2.1' });
  rmSync(join(path, 'data/chunk-000/episode_000001.parquet'));
  await assert.rejects(inspect(lerobotDataset, path), {
    code: 'dataset-broken',
    message: /episode_000001\.parquet is missing/,
  });
});

test('a dataset is broken when a video is missing or the totals are wrong', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'), { version: 'v2.1' });
  const file = join(path, 'meta/info.json');
  const info = JSON.parse(readFileSync(file, 'utf8')) as { features: object };
  const features = { ...info.features, top: { dtype: 'video', shape: [4, 4, 3] } };
  const video_path = 'videos/{video_key}/episode_{episode_index:06d}.mp4';
  writeFileSync(file, JSON.stringify({ ...info, features, video_path, total_frames: 9 }));
  await assert.rejects(inspect(lerobotDataset, path), (problem: Error) => {
    assert.match(problem.message, /says 9 frames, its tables have 8/);
    assert.match(problem.message, /videos\/top\/episode_000000\.mp4 is missing/);
    return true;
  });
});

test('a zarr store is described by the shapes and types of its arrays', async (t) => {
  const { arrays } = (await inspect(zarrStore, join(packageRoot(), 'samples/pusht/pusht_cchi_v7_replay.zarr'))) as {
    arrays: Record<string, object>;
  };
  assert.deepEqual(Object.keys(arrays), [
    'data/action',
    'data/keypoint',
    'data/n_contacts',
    'data/state',
    'meta/episode_ends',
  ]);
  assert.deepEqual(arrays['data/state'], { shape: [25_650, 5], dtype: '<f4' });
  await assert.rejects(inspect(zarrStore, tempFolder(t)), { code: 'not-a-zarr-store' });
});

test('a folder must be one', async (t) => {
  const root = tempFolder(t);
  writeFileSync(join(root, 'file'), '');
  assert.deepEqual(await inspect(folder, root), {});
  await assert.rejects(inspect(folder, join(root, 'file')), { code: 'not-a-folder' });
});

test('norm stats are described by their features', async (t) => {
  const root = tempFolder(t);
  const stats = { mean: [0], std: [1], q01: null, q99: null };
  mkdirSync(join(root, 'stats'));
  writeFileSync(join(root, 'stats/norm_stats.json'), JSON.stringify({ norm_stats: { state: stats, actions: stats } }));
  assert.deepEqual(await inspect(normStats, join(root, 'stats')), { features: ['actions', 'state'] });
});

test('an episode list is described by its counts', async (t) => {
  const path = join(tempFolder(t), 'list.txt');
  writeFileSync(path, 'demos 0,1,4\nrollouts/070000 3\n');
  assert.deepEqual(await inspect(episodeList, path), { datasets: 2, episodes: 4 });
});

async function inspect(type: unknown, path: string): Promise<unknown> {
  const kind = kindOf(type);
  assert.ok(kind);
  return kind.meta.parse(await kind.inspect(path));
}
