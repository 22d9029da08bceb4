import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '../../../cache/problem.ts';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { adoptRlds } from '../../../tasks/download/adopt-rlds.ts';
import { filterIdleFrames } from '../../../tasks/filter/idle-frames.ts';
import { droidStats } from '../../../tasks/norm-stats/droid.ts';
import { lastOpenpiCheckpoint } from '../../../tasks/train/last-checkpoint.ts';
import { layOutAssets } from '../../../tasks/train/openpi-assets.ts';
import { checkoutDigests } from '../../../tasks/models/openpi-checkout.ts';
import { type TrainSettings, trainCommand } from '../../../tasks/train/openpi-command.ts';
import { trainNeeds } from '../../../tasks/train/openpi-needs.ts';
import { trainOpenpi } from '../../../tasks/train/openpi.ts';
import { noPython } from '../../support/openpi-checkout.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { anyDigest } from '../../support/any-digest.ts';

const digest = anyDigest;
const rlds = { name: 'droid_101', version: '0.0.1', episodes: 1, shards: 1 };
const droid = { kind: 'rlds-dataset', digest, path: '/data/droid/1.0.1', meta: rlds } as const;
const info = { codebase_version: 'v2.1', fps: 15, total_episodes: 1, total_frames: 1, features: {} };
const lerobot = { kind: 'lerobot-dataset', digest, path: '/job/in.dataset', meta: info } as const;
const assets = { path: '/job/in.assets', meta: { ids: ['droid'] } };

const settings: TrainSettings = {
  ...{ config: 'pi05_full_droid_finetune', steps: 100, seed: 1, gpus: 8, fsdpDevices: 1, expName: 'train' },
  ...{ wandb: false, options: {} },
};
const command = (given: Partial<TrainSettings>, resuming = false): string[] =>
  trainCommand({ ...settings, ...given }, { checkpoints: '/out', resuming });

function refusals(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (Problem.is(error)) return error.message;
    throw error;
  }
  return 'nothing was refused';
}

test('DROID, statistics, ranges and weights stand in the command line as openpi takes it', () => {
  const args = command({
    ...{ dataset: droid, assets, ranges: { path: '/job/in.ranges' }, weights: { path: '/job/in.weights' } },
    ...{ actionSpace: 'joint-velocity', batchSize: 256, saveInterval: 5000, keepPeriod: null, fsdpDevices: 2 },
    options: { 'lr-schedule.peak-lr': 5e-5, ema_decay: null, 'model.pi05': false },
  });
  assert.equal(
    args.join('\n'),
    `uv
run
--group
rlds
scripts/train.py
pi05_full_droid_finetune
--exp-name=train
--checkpoint-base-dir=/out
--num-train-steps=100
--batch-size=256
--save-interval=5000
--keep-period=None
--seed=1
--fsdp-devices=2
--no-wandb-enabled
--data.rlds-data-dir=/data
--data.assets.assets-dir=/job/in.assets
--data.assets.asset-id=droid
--data.datasets.0.filter-dict-path=/job/in.ranges
--data.action-space=JOINT_VELOCITY
--weight-loader.params-path=/job/in.weights/params
--lr-schedule.peak-lr=0.00005
--ema-decay=None
--model.no-pi05
--no-overwrite`,
  );
});

test('LeRobot data are found by home and id, and weights may be an address', () => {
  const weights = 'gs://openpi-assets/checkpoints/pi05_base/params';
  const args = command({ config: 'pi05_droid_finetune', dataset: lerobot, platform: 'cpu', weights });
  assert.deepEqual(args.slice(0, 7), [
    ...['env', 'JAX_PLATFORMS=cpu', 'HF_LEROBOT_HOME=/job', 'uv', 'run', 'scripts/train.py', 'pi05_droid_finetune'],
  ]);
  assert.ok(args.includes('--data.repo-id=in.dataset'));
  assert.ok(args.includes(`--weight-loader.params-path=${weights}`));
});

test('only a training that goes on gets --resume, and none ever --overwrite', () => {
  for (const resuming of [true, false]) {
    const args = command({}, resuming);
    assert.equal(args.includes('--resume'), resuming);
    assert.ok(args.includes('--no-overwrite') && !args.includes('--overwrite'));
  }
});

test('what cannot be divided among the GPUs is refused when the task is called', () => {
  const call = { openpi: 'openpi', config: 'pi05_droid_finetune', steps: 10, batchSize: 36, fsdpDevices: 3 };
  const message = refusals(() => trainOpenpi(call));
  assert.match(message, /batchSize 36 does not divide among 8 GPUs; 40 does/);
  assert.match(message, /8 GPUs do not divide into groups of fsdpDevices 3/);
  assert.doesNotThrow(() => trainOpenpi({ ...call, gpus: 6 }));
});

test('what other tasks make fits, and a number that is not known yet is not judged', () => {
  const { dataset } = adoptRlds({ path: '/data/droid/1.0.1' });
  const { ranges } = filterIdleFrames({ dataset });
  const { stats, batches } = droidStats({ dataset, ranges });
  const { checkpoint } = lastOpenpiCheckpoint({
    checkpoints: trainOpenpi({
      ...{ openpi: 'openpi', config: 'pi05_full_droid_finetune', steps: 10, dataset, ranges },
      ...{ assets: layOutAssets({ stats }).assets, batchSize: batches, gpus: 7 },
    }).checkpoints,
  });
  assert.doesNotThrow(() => trainOpenpi({ openpi: 'openpi', config: 'debug', steps: 10, weights: checkpoint }));
});

test('options that have inputs of their own are refused, in either spelling', () => {
  const options = { batch_size: 8, overwrite: true, 'data.rlds-data-dir': '/data' };
  const message = refusals(() => trainOpenpi({ openpi: 'openpi', config: 'debug', steps: 10, options }));
  assert.match(message, /options\["batch_size"\]: give batchSize/);
  assert.match(message, /options\["overwrite"\]: it would delete/);
  assert.match(message, /options\["data.rlds-data-dir"\]: give dataset/);
});

test('data that openpi would not find, or not read, are refused with what to do', () => {
  const elsewhere = refusals(() => command({ dataset: { ...droid, path: '/data/mine' } }));
  assert.match(elsewhere, /ln -s \/data\/mine DATA\/droid\/1\.0\.1/);
  const version3 = refusals(() => command({ dataset: { ...lerobot, meta: { ...info, codebase_version: 'v3.0' } } }));
  assert.match(version3, /version 2, not v3\.0/);
  const ranges = refusals(() => command({ dataset: lerobot, ranges: { path: '/r' }, actionSpace: 'joint-position' }));
  assert.match(ranges, /ranges: only[\s\S]*actionSpace: LeRobot/);
});

test('one of several sets of statistics must be chosen, and be there', () => {
  const both = { path: '/a', meta: { ids: ['droid', 'mine'] } };
  assert.match(
    refusals(() => command({ assets: both })),
    /assetId: choose one of droid, mine/,
  );
  assert.match(
    refusals(() => command({ assets: both, assetId: 'yours' })),
    /assets have droid, mine, not "yours"/,
  );
  assert.ok(command({ assets: both, assetId: 'mine' }).includes('--data.assets.asset-id=mine'));
});

test('a place without uv, git, checkout, tokenizer or key is told what to do', async (t) => {
  const empty = tempFolder(t);
  const before = { ...process.env };
  t.after(() => Object.assign(process.env, before));
  Object.assign(process.env, { PATH: empty, HOME: empty, OPENPI_DATA_HOME: join(empty, 'cache') });
  const place = { storeRoot: empty };
  const told = async (known: Parameters<typeof trainNeeds>[0]) =>
    (await Promise.all(trainNeeds(known).map((need) => need.missing(place)))).filter((text) => text !== undefined);

  const debug = await told({ openpi: join(empty, 'openpi'), config: 'debug', wandb: false });
  assert.equal(debug.length, 3);
  assert.match(
    debug.join('\n'),
    /uv is not on PATH\ngit is not on PATH\na checkout of openpi is not there: .*train\.py/,
  );
  mkdirSync(join(empty, 'cache/big_vision'), { recursive: true });
  writeFileSync(join(empty, 'cache/big_vision/paligemma_tokenizer.model'), '');
  const filled = await told({ config: 'pi05_droid_finetune', wandb: false });
  assert.deepEqual(filled, ['uv is not on PATH', 'git is not on PATH']);
});

test('a folder that is no checkout is refused by name', async (t) => {
  await assert.rejects(checkoutDigests(tempFolder(t), { script: 'scripts/train.py', config: 'debug' }), {
    code: 'not-a-checkout',
    message: /scripts\/train\.py is missing/,
  });
});

test('the stand-in trainer refuses what tyro refuses', { skip: noPython }, (t) => {
  const script = join(packageRoot(), 'test/support/openpi-checkout/scripts/train.py');
  const base = `--checkpoint-base-dir=${tempFolder(t)}`;
  const run = (...args: string[]) => spawnSync('python3', [script, ...args, base], { encoding: 'utf8' });
  for (const wrong of [
    ['--exp-name=x', 'debug'],
    ['pi05-droid-finetune', '--exp-name=x'],
    ['pi05_droid_finetune'],
    ['debug', '--overwrite=true'],
    ['debug', '--num-steps=3'],
    ['debug', '--data.rlds-data-dir=/d'],
    ['debug', '--seed=one'],
  ]) {
    assert.equal(run(...wrong).status, 2, wrong.join(' '));
  }
  assert.match(run('debug', '--resume').stderr, /Cannot resume and overwrite at the same time/);
  execFileSync('python3', [script, 'debug', '--num_train_steps', '2', base], { stdio: 'ignore' });
  assert.match(run('debug', '--no-overwrite').stderr, /FileExistsError/);
});
