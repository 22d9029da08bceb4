import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { normStatsText } from '../../../tasks/formats/norm-stats.ts';
import { normStats } from '../../../tasks/kinds/norm-stats.ts';
import { openpiAssets } from '../../../tasks/kinds/openpi-assets.ts';
import { layOutAssets } from '../../../tasks/train/openpi-assets.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const text = normStatsText({ state: { mean: [0], std: [1] }, actions: { mean: [0], std: [1] } });

test('statistics lie where openpi looks for them, byte for byte, from a folder or a file', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'norm_stats.json'), text);
  for (const path of [folder, join(folder, 'norm_stats.json')]) {
    const stats = await artifactAt(normStats, path);
    const { assets } = (await runTask(layOutAssets, { stats, assetId: 'local/pick' }, tempFolder(t))).out;
    assert.equal(readFileSync(join(assets, 'local/pick/norm_stats.json'), 'utf8'), text);
    assert.deepEqual((await artifactAt(openpiAssets, assets)).meta, { ids: ['local/pick'] });
  }
});

test('an asset id cannot leave its folder', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'norm_stats.json'), text);
  const stats = await artifactAt(normStats, folder);
  for (const assetId of ['../droid', '/droid', 'a//b', 'a/..', '']) {
    assert.throws(() => layOutAssets({ stats, assetId }), { code: 'wrong-inputs' }, assetId);
  }
});

test('a folder without statistics, or with broken ones, is no assets folder', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'droid'));
  await assert.rejects(artifactAt(openpiAssets, folder), {
    code: 'no-assets',
    message: /<asset id>\/norm_stats\.json/,
  });
  writeFileSync(join(folder, 'droid/norm_stats.json'), '{"norm_stats":{"state":{"mean":[0]}}}');
  await assert.rejects(artifactAt(openpiAssets, folder), { code: 'wrong-shape', message: /std/ });
});
