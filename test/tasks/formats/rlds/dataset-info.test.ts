import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { readDatasetInfo, splitOf } from '../../../../tasks/formats/rlds/dataset-info.ts';
import { refuseOtherRelease } from '../../../../tasks/formats/rlds/droid.ts';
import { readFeatures } from '../../../../tasks/formats/rlds/features.ts';
import { tfdsFolder } from '../../../../tasks/formats/rlds/tfds-folder.ts';
import { droidFolder, goldenPath } from '../../../support/openpi-golden.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const split = { name: 'train', shardLengths: ['3', '0'] };

test('shards are named by the name inside, not by the folder', async () => {
  const info = await readDatasetInfo(droidFolder);
  assert.deepEqual([info.name, info.version], ['droid_101', '0.0.1']);
  const { shards, episodes } = splitOf(info, 'train');
  assert.equal(episodes, 6);
  assert.deepEqual(
    shards.map(({ path }) => basename(path)),
    ['droid_101-train.tfrecord-00000-of-00002', 'droid_101-train.tfrecord-00001-of-00002'],
  );
});

test('an empty template means the usual one, another one is filled', async (t) => {
  const names = async (filepathTemplate: string) => {
    const folder = withInfo(tempFolder(t), { name: 'x', version: '1', splits: [{ ...split, filepathTemplate }] });
    return (await readDatasetInfo(folder)).splits[0]?.shards.map(({ path }) => basename(path));
  };
  assert.deepEqual(await names(''), ['x-train.tfrecord-00000-of-00002', 'x-train.tfrecord-00001-of-00002']);
  assert.deepEqual(await names('{SPLIT}.{SHARD_INDEX}'), ['train.00000', 'train.00001']);
  await assert.rejects(names('../{DATASET}'), { code: 'wrong-template' });
  await assert.rejects(names('{WHAT}'), { code: 'wrong-template' });
});

test('other file formats, other files and other splits are refused', async (t) => {
  const info = { name: 'x', version: '1', splits: [split] };
  await assert.rejects(readDatasetInfo(withInfo(tempFolder(t), { ...info, fileFormat: 'array_record' })), {
    code: 'unknown-file-format',
  });
  await assert.rejects(readDatasetInfo(withInfo(tempFolder(t), { name: 'x' })), { code: 'not-a-tfds-dataset' });
  await assert.rejects(readDatasetInfo(tempFolder(t)), { code: 'not-a-tfds-dataset' });
  const read = await readDatasetInfo(withInfo(tempFolder(t), info));
  assert.throws(() => splitOf(read, 'val'), { code: 'no-such-split', message: /there is "train"/ });
});

test('features have the names of records; images count as one byte string', async () => {
  const features = await readFeatures(droidFolder);
  assert.equal(features.size, 23);
  assert.deepEqual(features.get('steps/action_dict/joint_velocity'), {
    dtype: 'float64',
    shape: [7],
    perStep: true,
    list: 'float',
    isImage: false,
  });
  assert.equal(features.get('steps/observation/wrist_image_left')?.list, 'bytes');
  assert.equal(features.get('steps/is_last')?.list, 'int');
  assert.equal(features.get('episode_metadata/file_path')?.perStep, false);
});

test('the dataset is found from the folder above, unless there are two', (t) => {
  assert.equal(tfdsFolder(goldenPath('droid_rlds/tfds')), droidFolder);
  assert.equal(tfdsFolder(droidFolder), droidFolder);
  const folder = tempFolder(t);
  assert.throws(() => tfdsFolder(folder), { code: 'not-a-tfds-dataset' });
  for (const version of ['1.0.0', '1.0.1']) {
    mkdirSync(join(folder, 'droid', version), { recursive: true });
    cpSync(join(droidFolder, 'dataset_info.json'), join(folder, 'droid', version, 'dataset_info.json'));
  }
  assert.throws(() => tfdsFolder(folder), { code: 'several-datasets' });
  assert.throws(() => tfdsFolder(join(folder, 'nothing')), { code: 'path-missing' });
});

test('release 1.0.0 is refused where 1.0.1 is needed', () => {
  assert.throws(() => refuseOtherRelease({ name: 'r2d2_faceblur', version: '1.4.0' }, '1.0.1', 'This is for'), {
    code: 'wrong-release',
    message: 'This is for DROID 1.0.1; the dataset is DROID 1.0.0 ("r2d2_faceblur", 1.4.0 inside).',
  });
  refuseOtherRelease({ name: 'droid_101', version: '0.0.1' }, '1.0.1', 'This is for');
});

function withInfo(folder: string, info: unknown): string {
  writeFileSync(join(folder, 'dataset_info.json'), JSON.stringify(info));
  return folder;
}
