import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { eventually } from '../support/eventually.ts';
import { isRunning } from '../support/is-running.ts';
import { goldenPath } from '../support/openpi-golden.ts';
import { noPython, OpenpiProject } from '../support/openpi-checkout.ts';

const skip = noPython;

/** Looks at each checkpoint as it comes; `weights` and `facts` are what the stand-in trainer says that it trained. */
const imports = `
import { readFileSync } from 'node:fs';
import { openpiCheckpoint } from 'stet/kinds/openpi-checkpoint';
import { trainOpenpi } from 'stet/tasks/train/openpi';
import { layOutAssets } from 'stet/tasks/train/openpi-assets';
const look = task({ name: 'look', version: '1', inputs: { policy: openpiCheckpoint },
  outputs: { seen: z.object({ step: z.int(), assets: z.array(z.string()), weights: z.string(), facts: z.record(z.string(), z.unknown()) }) },
  run: async ({ policy: { path, meta: { step, assets } } }) => ({ seen: {
    step, assets, weights: readFileSync(path + '/params/d', 'utf8'), facts: JSON.parse(readFileSync(path + '/params/_METADATA', 'utf8')) } }) });
`;

const debug = `${imports}
export default pipeline('debug', { steps: z.int().default(8), seed: z.int().default(1) }, ({ steps, seed }) => {
  const { checkpoints } = trainOpenpi({ openpi: 'openpi', config: 'debug', steps, seed, saveInterval: 2, keepPeriod: 2,
    gpus: 0, platform: 'cpu', options: { 'log-interval': 1 } });
  return { seen: checkpoints.each((policy) => look({ policy }).seen) };
});
`;

interface Seen {
  readonly step: number;
  readonly assets: readonly string[];
  readonly weights: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

function scene(t: TestContext, pipeline = debug): OpenpiProject {
  const scene = new OpenpiProject(t);
  scene.project.pipeline('debug', pipeline);
  return scene;
}

async function seenBy(at: OpenpiProject): Promise<Seen[]> {
  return (await at.get('debug', 'seen')) as Seen[];
}

test('checkpoints are used while training runs, and stay when the trainer deletes them', { skip }, async (t) => {
  const at = scene(t, debug.replace('keepPeriod: 2', 'keepPeriod: null'));
  for (const step of [3, 5, 7]) at.hold(step);
  const running = at.start(['run', 'debug']);
  const ended = new Promise<number | null>((resolve) => running.once('close', resolve));
  t.after(() => running.kill('SIGKILL'));
  running.stdout.resume();
  for (const step of [2, 4, 6]) {
    await eventually(`checkpoint ${step} was looked at`, () => countOf(at, 'node-finished', `look[${step}]`) === 1);
    assert.deepEqual(stepFolders(at), [String(step)], 'the trainer keeps the newest only');
    at.letGo(step + 1);
  }
  assert.equal(await ended, 0);
  const seen = await seenBy(at);
  assert.deepEqual(
    seen.map(({ step }) => step),
    [2, 4, 6, 7],
  );
  assert.equal(seen[0]?.facts.fraction, '0.9', 'of GPU memory');
});

test('after a kill of driver and trainer it goes on from the last checkpoint and repeats nothing', {
  skip,
}, async (t) => {
  const at = scene(t);
  const expected = at.weightsWithoutKill([
    'debug',
    '--num-train-steps=8',
    '--save-interval=2',
    '--keep-period=2',
    '--seed=1',
  ]);
  at.hold(5);
  const first = at.start(['run', 'debug']);
  const gone = new Promise((resolve) => first.once('close', resolve));
  first.stdout.resume();
  await eventually('checkpoint 4 was looked at', () => countOf(at, 'node-finished', 'look[4]') === 1);
  const trainer = pidOf(at, 'train-openpi');
  first.kill('SIGKILL');
  await gone;
  await eventually('the trainer has ended', () => !isRunning(trainer));
  at.letGo(5);

  const second = await at.run(['run', 'debug']);
  assert.equal(second.code, 0, second.stdout + second.stderr);
  const log = readFileSync(join(jobsOf(at, 2), 'train-openpi.1', 'log.txt'), 'utf8');
  assert.match(log, /Restored the state before step 5\nStep 5:/);
  assert.deepEqual(readdirSync(jobsOf(at, 2)).sort(), ['look.6.1', 'look.7.1', 'train-openpi.1']);
  const found = (await seenBy(at)).map(({ step, weights }) => [String(step), weights]);
  assert.deepEqual(Object.fromEntries(found), expected);
});

test('more steps are a training of its own, and what equals the former is not looked at again', { skip }, async (t) => {
  const at = scene(t);
  assert.equal((await at.run(['run', 'debug'])).code, 0);
  const more = await at.run(['run', 'debug', 'steps=10']);
  assert.equal(more.code, 0, more.stdout + more.stderr);
  assert.deepEqual(readdirSync(jobsOf(at, 2)).sort(), ['look.8.1', 'look.9.1', 'train-openpi.1']);
});

test('an edit of what the trainer uses trains again and is named; another one does not, nor does its place', {
  skip,
}, async (t) => {
  const at = scene(t);
  assert.equal((await at.run(['run', 'debug'])).code, 0);
  assert.match((await at.run(['plan', 'debug'])).stdout, /nothing to do/);
  at.project.pipeline(
    'debug',
    debug.replace("openpi: 'openpi'", `openpi: '${packageRoot()}/test/support/openpi-checkout'`),
  );
  assert.match((await at.run(['plan', 'debug'])).stdout, /nothing to do/);
  at.project.pipeline('debug', debug.replace('gpus: 0', 'wandb: true, gpus: 0'));
  assert.match((await at.run(['plan', 'debug'], { WANDB_API_KEY: 'x' })).stdout, /nothing to do/);
  at.project.pipeline('debug', debug);

  const [model, table] = ['src/openpi/models/pi0.py', 'src/openpi/training/config.py'];
  const other = '    TrainConfig(name="mine", options={"batch-size": 4}),\n';
  at.edit('src/openpi/models/unused.py', 'a = 1\n');
  at.change(model, 'return [weights]', 'return [weights]  # why');
  at.change(model, 'return len(vars(model))', 'return 0');
  at.change(table, '_CONFIGS = [\n', `_CONFIGS = [\n    # of the lab\n${other}`);
  at.change(table, '"num-train-steps": 20000', '"num-train-steps": 30000');
  assert.match((await at.run(['plan', 'debug'])).stdout, /nothing to do/);

  at.change(model, '{step}"', '{step}!"');
  const embed = /train-openpi will run: src\/openpi\/models\/pi0\.py: function `Pi0\.embed_prefix` changed/;
  assert.match((await at.run(['why', 'debug', 'train-openpi'])).stdout, embed);
  at.change(model, '{step}!"', '{step}"');
  at.change(table, '"batch-size": 2,', '"batch-size": 4,');
  assert.match((await at.run(['plan', 'debug'])).stdout, /train-openpi will run: \S+config\.py: `_CONFIGS` changed/);
});

test('the trainer gets our statistics, ranges and DROID, not the released ones', { skip }, async (t) => {
  const at = scene(
    t,
    `${imports}
import { adoptIdleRanges, adoptRlds } from 'stet/tasks/download/adopt-rlds';
import { droidStats } from 'stet/tasks/norm-stats/droid';
export default pipeline('debug', {}, () => {
  const { dataset } = adoptRlds({ path: '${goldenPath('droid_rlds/tfds/droid/1.0.1')}' });
  const { ranges } = adoptIdleRanges({ path: '${goldenPath('droid_rlds/filter_dict.json')}', dataset });
  const { stats } = droidStats({ dataset, ranges, batchSize: 8 }, { resources: { cpus: 1 } });
  const { assets } = layOutAssets({ stats });
  const { checkpoints } = trainOpenpi({ openpi: 'openpi', config: 'pi05_full_droid_finetune', dataset, ranges, assets,
    actionSpace: 'joint-velocity', steps: 4, batchSize: 8, saveInterval: 100, gpus: 0, platform: 'cpu' });
  return { seen: checkpoints.each((policy) => look({ policy }).seen), assets, stats };
});
`,
  );
  const run = await at.run(['run', 'debug']);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  const [seen, ...others] = await seenBy(at);
  assert.equal(others.length, 0);
  assert.deepEqual(seen?.assets, ['droid']);
  const { dataset, ranges, action_space } = seen?.facts ?? {};
  const listed = JSON.parse(readFileSync(goldenPath('droid_rlds/filter_dict.json'), 'utf8')) as object;
  assert.deepEqual([dataset, ranges, action_space], ['droid_101', Object.keys(listed).length, 'JOINT_VELOCITY']);
});

test('LeRobot data are found by the trainer where the job has them', { skip }, async (t) => {
  const at = scene(
    t,
    `${imports}
import { adoptLerobot } from './adopt-lerobot.ts';
import { lerobotStats } from 'stet/tasks/norm-stats/lerobot';
export default pipeline('debug', {}, () => {
  const { dataset } = adoptLerobot({});
  const { stats } = lerobotStats({ dataset, stateFeatures: ['observation.state'], actionFeature: 'action' });
  const { assets } = layOutAssets({ stats, assetId: 'lab/g1' });
  const { checkpoints } = trainOpenpi({ openpi: 'openpi', config: 'pi05_droid_finetune', dataset, assets,
    steps: 4, batchSize: 8, gpus: 0, platform: 'cpu' });
  return { seen: checkpoints.each((policy) => look({ policy }).seen) };
});
`,
  );
  at.project.pipeline(
    'adopt-lerobot',
    `
import { cpSync } from 'node:fs';
import { lerobotDataset } from 'stet/kinds/lerobot-dataset';
export const adoptLerobot = task({ name: 'adopt-lerobot', version: '1', inputs: {}, outputs: { dataset: lerobotDataset },
  run: async (_, out) => {
    cpSync('${join(packageRoot(), 'test/data/lerobot-v21-unitree-g1')}', out.dataset, { recursive: true });
    return { dataset: out.dataset };
  } });
`,
  );
  const run = await at.run(['run', 'debug']);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  const [seen] = await seenBy(at);
  assert.deepEqual(seen?.assets, ['lab/g1']);
  assert.deepEqual([seen?.facts.dataset, seen?.facts.frames], ['Unitree_G1_Inspire', 499]);
});

interface Told {
  readonly type: string;
  readonly address?: string;
  readonly pid?: number;
}

function eventsOf(at: OpenpiProject, run = 1): Told[] {
  const path = join(at.project.folder, '.stet/runs', `000${run}`, 'events.jsonl');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Told);
}

function countOf(at: OpenpiProject, type: string, address: string): number {
  return eventsOf(at).filter((event) => event.type === type && event.address === address).length;
}

function pidOf(at: OpenpiProject, address: string): number {
  return eventsOf(at).find((event) => event.type === 'node-started' && event.address === address)?.pid ?? 0;
}

function jobsOf(at: OpenpiProject, run: number): string {
  return join(at.project.folder, '.stet/runs', `000${run}`, 'jobs');
}

/** What the trainer has in its own folder. */
function stepFolders(at: OpenpiProject): string[] {
  const work = join(at.project.folder, '.stet/work');
  const folders = readdirSync(work, { recursive: true, encoding: 'utf8' });
  return folders
    .filter((name) => /\/debug\/train\/[^/]+$/.test(name))
    .map((name) => name.slice(name.lastIndexOf('/') + 1));
}
