import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Problem } from '../../../cache/problem.ts';
import { siblingModule } from '../../../tasks/core/sibling-module.ts';
import { checkpoint } from '../../../tasks/kinds/checkpoint.ts';
import { lerobotDataset } from '../../../tasks/kinds/lerobot-dataset.ts';
import { normStats } from '../../../tasks/kinds/norm-stats.ts';
import { trainAndSave } from '../../../tasks/models/flow-policy/train-and-save.ts';
import { trainFlowPolicy } from '../../../tasks/train/flow-policy.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { releasedFiles, tinySettings, writeTinyDemonstrations } from './tiny-training.ts';

const child = fileURLToPath(siblingModule(import.meta.url, './train-child'));
const loader = child.endsWith('.ts') ? ['--import', 'tsx'] : [];
const attempt = { report: () => {}, signal: new AbortController().signal };
const ends: (() => void)[] = [];
let given: { dataset: string; stats: string };
let unbroken: Record<string, string>;

before(async () => {
  const folder = tempFolder({ after: (end: () => void) => ends.push(end) });
  given = await writeTinyDemonstrations(folder);
  await trainAndSave({ ...given, folder: join(folder, 'out') }, tinySettings, attempt);
  unbroken = await releasedFiles(join(folder, 'out'));
});
after(() => {
  for (const end of ends) end();
});

function trainInChild(folder: string, dieAfter?: number): NodeJS.Signals | null {
  const args = [given.dataset, given.stats, folder, ...(dieAfter === undefined ? [] : [String(dieAfter)])];
  return spawnSync(process.execPath, [...loader, child, ...args]).signal;
}

test('checkpoints are named by their step, and the last step is one', () => {
  const folders = new Set(Object.keys(unbroken).map((file) => file.split('/')[0]));
  assert.deepEqual([...folders], ['000040', '000080', '000120']);
});

test('two processes train the same bytes', (t) => {
  const folder = join(tempFolder(t), 'out');
  assert.equal(trainInChild(folder), null);
  return releasedFiles(folder).then((files) => assert.deepEqual(files, unbroken));
});

// 20: nothing saved yet; 60: between two checkpoints; 80: after the step, before its checkpoint is written.
test('a training killed at any step ends with the bytes of an unbroken one', async (t) => {
  const folder = join(tempFolder(t), 'out');
  for (const dieAfter of [20, 60, 80]) assert.equal(trainInChild(folder, dieAfter), 'SIGKILL');
  await trainAndSave({ ...given, folder }, tinySettings, attempt);
  assert.deepEqual(await releasedFiles(folder), unbroken);
});

test('a kill between the release of a checkpoint and the saved state does no harm', async (t) => {
  const folder = tempFolder(t);
  const [whole, torn] = [join(folder, 'whole'), join(folder, 'torn')];
  assert.equal(trainInChild(whole, 80), 'SIGKILL'); // its state is of step 40
  await cp(whole, torn, { recursive: true });
  await trainAndSave({ ...given, folder: whole }, tinySettings, attempt);
  await cp(join(whole, '000080'), join(torn, '000080'), { recursive: true }); // released
  await cp(join(whole, '000080'), join(torn, '.tmp-000120'), { recursive: true }); // and half of another
  await trainAndSave({ ...given, folder: torn }, tinySettings, attempt);
  assert.deepEqual(await releasedFiles(torn), unbroken);
});

test('a finished training that is run again only names its checkpoints', async (t) => {
  const folder = join(tempFolder(t), 'out');
  await trainAndSave({ ...given, folder }, tinySettings, attempt);
  const steps: number[] = [];
  await trainAndSave({ ...given, folder }, tinySettings, { ...attempt, report: ({ done }) => steps.push(done) });
  assert.deepEqual(steps, []);
});

test('another seed gives other weights', async (t) => {
  const folder = join(tempFolder(t), 'out');
  await trainAndSave({ ...given, folder }, { ...tinySettings, seed: 2 }, attempt);
  assert.notEqual((await releasedFiles(folder))['000120/ema.safetensors'], unbroken['000120/ema.safetensors']);
});

test('the task releases checkpoints of its kind, without the state of the training', async (t) => {
  const dataset = await artifactAt(lerobotDataset, given.dataset);
  const stats = await artifactAt(normStats, given.stats);
  const { checkpoints } = (await runTask(trainFlowPolicy, { dataset, stats, ...tinySettings }, tempFolder(t))).values;
  const last = checkpoints.at(-1) as string;
  assert.deepEqual((await artifactAt(checkpoint, last)).meta, { format: 'flow-policy/1', step: 120 });
  assert.deepEqual((await readdir(last)).sort(), ['config.json', 'ema.safetensors']);
});

test('a chunk shorter than what is carried out is refused', async (t) => {
  const folder = join(tempFolder(t), 'out');
  const wrong = trainAndSave({ ...given, folder }, { ...tinySettings, actionSteps: 5 }, attempt);
  await assert.rejects(wrong, (error) => Problem.is(error) && error.code === 'chunk-too-short');
  assert.equal(existsSync(folder), false);
  await rm(folder, { recursive: true, force: true });
});
