import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Problem } from '../../../../cache/problem.ts';
import { type ArmFrames, rldsFrames } from '../../../../tasks/models/arm-policy/frames.ts';
import { type ArmSettings, trainAndSave } from '../../../../tasks/models/arm-policy/train-and-save.ts';
import { droidFolder, golden } from '../../../support/openpi-golden.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { releasedFiles } from '../../train/tiny-training.ts';

const settings: ArmSettings = {
  steps: 100,
  saveInterval: 40,
  batchSize: 16,
  learningRate: 3e-3,
  warmupSteps: 10,
  weightDecay: 0.01,
  averageDecay: 0.99,
  maxGradientNorm: 1,
  hidden: 16,
  inner: 16,
  blocks: 1,
  timeFeatures: 4,
  assetId: 'droid',
  actionSpace: 'joint-position',
  seed: 1,
  backend: 'wasm',
};
const quiet = { report: () => {}, signal: new AbortController().signal };
let frames: ArmFrames;

before(async () => {
  frames = await rldsFrames(droidFolder, { actionSpace: 'joint-position', actionHorizon: 4, ranges: undefined });
});

/** An assets folder with the golden statistics. */
async function assetsIn(folder: string): Promise<string> {
  const [variant] = Object.values(golden<Record<string, { norm_stats: object }>>('droid_rlds/pipeline.expected.json'));
  await mkdir(join(folder, 'assets/droid'), { recursive: true });
  const { norm_stats } = variant as { norm_stats: object };
  await writeFile(join(folder, 'assets/droid/norm_stats.json'), JSON.stringify({ norm_stats }));
  return join(folder, 'assets');
}

test('checkpoints are named and laid out as those of openpi, the last one step before the number of steps', async (t) => {
  const folder = tempFolder(t);
  const assets = await assetsIn(folder);
  const paths = await trainAndSave({ frames, assets, folder: join(folder, 'out') }, settings, quiet);
  assert.deepEqual(
    paths.map((path) => path.slice(folder.length)),
    ['/out/40', '/out/80', '/out/99'],
  );
  for (const path of paths) {
    assert.deepEqual((await readdir(path)).sort(), ['assets', 'params', 'train_state']);
    assert.deepEqual((await readdir(join(path, 'params'))).sort(), ['config.json', 'ema.safetensors']);
    assert.deepEqual(await readdir(join(path, 'assets'), { recursive: true }), ['droid', 'droid/norm_stats.json']);
  }
});

test('the loss falls', async (t) => {
  const folder = tempFolder(t);
  const losses: number[] = [];
  const report = ({ metrics }: { metrics?: Readonly<Record<string, number>> }): void => {
    losses.push(metrics?.loss ?? Number.NaN);
  };
  const given = { frames, assets: await assetsIn(folder), folder: join(folder, 'out') };
  await trainAndSave(
    given,
    { ...settings, steps: 400, saveInterval: 400, hidden: 64, inner: 64 },
    { ...quiet, report },
  );
  assert.ok(losses.every(Number.isFinite));
  assert.ok((losses.at(-1) as number) < 0.6 * (losses[0] as number), losses.join(' '));
});

test('a training that was cut short goes on from its furthest checkpoint and ends with the same bytes', async (t) => {
  const folder = tempFolder(t);
  const assets = await assetsIn(folder);
  await trainAndSave({ frames, assets, folder: join(folder, 'whole') }, settings, quiet);

  const cut = join(folder, 'cut');
  const stop = new AbortController();
  const report = ({ done }: { done: number }): void => {
    if (done === 60) stop.abort();
  };
  await assert.rejects(trainAndSave({ frames, assets, folder: cut }, settings, { report, signal: stop.signal }));
  assert.deepEqual(await readdir(cut), ['40']);
  const steps: number[] = [];
  await trainAndSave({ frames, assets, folder: cut }, settings, { ...quiet, report: ({ done }) => steps.push(done) });
  assert.equal(steps[0], 60, 'the first that is told after 41');
  assert.deepEqual(await releasedFiles(cut), await releasedFiles(join(folder, 'whole')));
});

test('statistics without quantiles are refused by name', async (t) => {
  const folder = tempFolder(t);
  await mkdir(join(folder, 'assets/droid'), { recursive: true });
  const norm_stats = { state: { mean: [0], std: [1] }, actions: { mean: [0], std: [1] } };
  await writeFile(join(folder, 'assets/droid/norm_stats.json'), JSON.stringify({ norm_stats }));
  const given = { frames, assets: join(folder, 'assets'), folder: join(folder, 'out') };
  await assert.rejects(
    trainAndSave(given, settings, quiet),
    (error) => Problem.is(error) && error.code === 'stats-missing' && error.message.includes('"state"'),
  );
});
