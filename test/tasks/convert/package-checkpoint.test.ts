import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { packageCheckpoint } from '../../../tasks/convert/package-checkpoint.ts';
import { checkpoint } from '../../../tasks/kinds/checkpoint.ts';
import { openpiCheckpoint } from '../../../tasks/kinds/openpi-checkpoint.ts';
import { normStatsText } from '../../../tasks/formats/norm-stats.ts';
import { lastOpenpiCheckpoint } from '../../../tasks/train/last-checkpoint.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const stats = normStatsText({ state: { mean: [0], std: [1] } });

/** A step folder as openpi's trainer leaves it. */
function stepFolder(folder: string, { step = '19999', id = 'droid' } = {}): string {
  const files = {
    'params/_METADATA': '{}',
    'params/d/weights': 'w',
    'train_state/d': 's',
    _CHECKPOINT_METADATA: '{}',
    [`assets/${id}/norm_stats.json`]: stats,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, step, name)), { recursive: true });
    writeFileSync(join(folder, step, name), text);
  }
  return join(folder, step);
}

test('a step folder says its step, its statistics and whether training can go on', async (t) => {
  const path = stepFolder(tempFolder(t), { id: 'local/pick' });
  assert.deepEqual(await meta(path), { format: 'openpi-jax/1', step: 19999, assets: ['local/pick'], trainState: true });
  rmSync(join(path, 'train_state'), { recursive: true });
  assert.equal((await meta(path)).trainState, false);
});

test('a folder without weights or assets, or whose step nobody knows, is no checkpoint', async (t) => {
  const folder = tempFolder(t);
  await assert.rejects(meta(stepFolder(folder, { step: 'final' })), { code: 'step-unknown' });
  for (const part of ['params', 'assets']) {
    const path = stepFolder(folder, { step: '7' });
    rmSync(join(path, part), { recursive: true });
    await assert.rejects(meta(path), { code: 'not-openpi', message: new RegExp(`has no ${part}`) });
  }
  const emptied = stepFolder(folder, { step: '8' });
  for (const name of readdirSync(join(emptied, 'params'))) rmSync(join(emptied, 'params', name), { recursive: true });
  await assert.rejects(meta(emptied), { code: 'not-openpi', message: /no files in params/ });
});

test('a package has weights, statistics and its step, and not what only training needs', async (t) => {
  const folder = tempFolder(t);
  const trained = await artifactAt(openpiCheckpoint, stepFolder(folder));
  const { checkpoint: path } = (await runTask(packageCheckpoint, { checkpoint: trained }, folder)).out;
  assert.deepEqual(readdirSync(path).sort(), ['assets', 'config.json', 'params']);
  assert.equal(readFileSync(join(path, 'params/d/weights'), 'utf8'), 'w');
  const packaged = await artifactAt(checkpoint, path);
  assert.deepEqual(packaged.meta, { format: 'openpi-jax/1', step: 19999 });
  assert.deepEqual(await meta(path), {
    format: 'openpi-jax/1',
    step: 19999,
    assets: ['droid'],
    trainState: false,
  });
});

test('a package says how its weights are read, also those of another trainer', async (t) => {
  const folder = tempFolder(t);
  const step = stepFolder(folder);
  writeFileSync(join(step, 'params/config.json'), '{"format":"arm-policy/1"}');
  const trained = await artifactAt(openpiCheckpoint, step);
  const { checkpoint: path } = (await runTask(packageCheckpoint, { checkpoint: trained }, folder)).out;
  assert.deepEqual((await artifactAt(checkpoint, path)).meta, { format: 'arm-policy/1', step: 19999 });
});

test('a checkpoint without statistics is not packaged', async (t) => {
  const folder = tempFolder(t);
  const path = stepFolder(folder);
  rmSync(join(path, 'assets/droid'), { recursive: true });
  const trained = await artifactAt(openpiCheckpoint, path);
  await assert.rejects(runTask(packageCheckpoint, { checkpoint: trained }, folder), { code: 'no-assets' });
});

test('the last checkpoint is the one with the most steps, by number', async (t) => {
  const folder = tempFolder(t);
  const steps = ['9000', '19999', '10000'].map((step) => artifactAt(openpiCheckpoint, stepFolder(folder, { step })));
  const { checkpoint: last } = (await runTask(lastOpenpiCheckpoint, { checkpoints: await Promise.all(steps) }, folder))
    .values;
  assert.equal(last, (await Promise.all(steps))[1]);
});

async function meta(path: string): Promise<{ step: number; assets: string[]; trainState: boolean }> {
  return (await artifactAt(openpiCheckpoint, path)).meta;
}
