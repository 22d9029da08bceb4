import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { adoptIdleRanges, adoptRlds } from '../../../tasks/download/adopt-rlds.ts';
import { rldsDataset } from '../../../tasks/kinds/rlds-dataset.ts';
import { droidFolder, goldenPath } from '../../support/openpi-golden.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { anyDigest } from '../../support/any-digest.ts';

test('the dataset stays where it lies, and its facts are those inside', async (t) => {
  const inputs = { path: goldenPath('droid_rlds/tfds'), release: '1.0.1' } as const;
  assert.equal((await runTask(adoptRlds, inputs, tempFolder(t))).values.dataset, droidFolder);
  const { meta } = await artifactAt(rldsDataset, droidFolder);
  assert.deepEqual(meta, { name: 'droid_101', version: '0.0.1', episodes: 6, shards: 2 });
});

test('another release than the one needed is refused', async (t) => {
  await assert.rejects(runTask(adoptRlds, { path: droidFolder, release: '1.0.0' }, tempFolder(t)), {
    code: 'wrong-release',
  });
});

test('a dataset without one of its shards is no artifact', async (t) => {
  const folder = copied(tempFolder(t));
  rmSync(join(folder, 'droid_101-train.tfrecord-00001-of-00002'));
  await assert.rejects(artifactAt(rldsDataset, folder), { code: 'shards-missing' });
});

test('planning looks at sizes and times only, and sees what was touched', async (t) => {
  const folder = copied(tempFolder(t));
  const observe = adoptRlds.spec.observe as (inputs: { path: string }) => Promise<unknown>;
  const before = await observe({ path: folder });
  assert.deepEqual(await observe({ path: folder }), before);
  utimesSync(join(folder, 'features.json'), 1, 1);
  assert.notDeepEqual(await observe({ path: folder }), before);
  await assert.rejects(observe({ path: join(folder, 'nothing') }), { code: 'path-missing' });
});

test('ranges of a release are refused for data of another', async (t) => {
  const folder = copied(tempFolder(t));
  const info = readFileSync(join(folder, 'dataset_info.json'), 'utf8').replaceAll('droid_101', 'mine');
  writeFileSync(join(folder, 'dataset_info.json'), info);
  const path = goldenPath('droid_rlds/filter_dict.json');
  const meta = { name: 'mine', version: '0.0.1', episodes: 6, shards: 2 };
  const dataset = { kind: 'rlds-dataset', digest: anyDigest, path: folder, meta } as const;
  await assert.rejects(runTask(adoptIdleRanges, { path, dataset, release: '1.0.1' }, tempFolder(t)), {
    code: 'wrong-release',
    message: /valid only for DROID 1\.0\.1; the dataset is no release of DROID that is known/,
  });
  const { out } = await runTask(adoptIdleRanges, { path, dataset }, tempFolder(t));
  assert.ok(existsSync(out.ranges));
});

function copied(place: string): string {
  const folder = join(place, '1.0.1');
  cpSync(droidFolder, folder, { recursive: true });
  return folder;
}
