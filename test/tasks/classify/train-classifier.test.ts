import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { trainClassifier } from '../../../tasks/classify/train-classifier.ts';
import type { Progress } from '../../../tasks/core/task.ts';
import { successClassifier } from '../../../tasks/models/success-classifier/success-classifier.ts';
import { scoreDataset } from '../../../tasks/models/success-classifier/score.ts';
import { readClassifier } from '../../../tasks/models/success-classifier/file.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { alternating, artifactOf, rolloutsIn } from './rollouts.ts';
import { runTask } from '../../support/run-task.ts';

const quick = { epochs: 40, learningRate: 1e-2, batchSize: 32 };

async function scene(folder: string) {
  return {
    train: await rolloutsIn(join(folder, 'train'), alternating(12)),
    validation: await rolloutsIn(join(folder, 'validation'), alternating(8), { seed: 2 }),
  };
}

test('a classifier learns rollouts that can be told apart, and is described by its kind', async (t) => {
  const folder = tempFolder(t);
  const inputs = await scene(folder);
  const { out, values } = await runTask(trainClassifier, { ...inputs, ...quick }, folder);

  const { meta } = await artifactOf(successClassifier, out.classifier);
  const { validationLoss, threshold } = values;
  const trainedOn = { episodes: 12, successes: 6 };
  assert.deepEqual(meta, { hiddenSizes: [8, 8], epoch: meta.epoch, threshold, validationLoss, trainedOn });

  const scored = await scoreDataset(out.classifier, inputs.validation.path, { assumeSuccess: false });
  const right = scored.filter(({ success, score }) => score > threshold === success);
  assert.ok(right.length / scored.length > 0.9, JSON.stringify(scored));
});

test('the file says what was trained on what, epoch by epoch', async (t) => {
  const folder = tempFolder(t);
  const { out } = await runTask(trainClassifier, { ...(await scene(folder)), ...quick, hiddenSizes: [5] }, folder);
  const file = await readClassifier(out.classifier);
  assert.deepEqual(file.trainedOn, { episodes: 12, successes: 6, steps: 144 });
  assert.deepEqual(file.validatedOn, { episodes: 8, successes: 4, steps: 96 });
  assert.equal(file.curves.validation.stepwiseBce.length, 40);
  assert.deepEqual(
    file.layers.map(({ weights }) => [weights.length, weights[0]?.length]),
    [
      [5, 18],
      [1, 5],
    ],
  );
  assert.equal(file.settings.weightDecay, 0.1);
});

test('equal inputs give equal bytes', async (t) => {
  const folder = tempFolder(t);
  const inputs = { ...(await scene(folder)), ...quick };
  const bytes = async () =>
    readFile(join((await runTask(trainClassifier, inputs, folder)).out.classifier, 'classifier.json'));
  assert.deepEqual(await bytes(), await bytes());
});

test('every setting reaches the training: each one changes the weights', async (t) => {
  const folder = tempFolder(t);
  const inputs = { ...(await scene(folder)), ...quick, epochs: 3 };
  const layers = async (change: object) =>
    JSON.stringify(
      (await readClassifier((await runTask(trainClassifier, { ...inputs, ...change }, folder)).out.classifier)).layers,
    );
  const plain = await layers({});
  for (const change of [
    { weightDecay: 0.2 },
    { learningRate: 0.02 },
    { dropout: 0 },
    { batchSize: 16 },
    { weightRatio: 2 },
    { seed: 2 },
  ]) {
    assert.notEqual(await layers(change), plain, JSON.stringify(change));
  }
});

test('progress tells epochs and losses', async (t) => {
  const told: Progress[] = [];
  const folder = tempFolder(t);
  await runTask(trainClassifier, { ...(await scene(folder)), ...quick, epochs: 2 }, folder, {
    report: (progress) => told.push(progress),
  });
  assert.deepEqual(
    told.map(({ done, total, unit }) => [done, total, unit]),
    [
      [1, 2, 'epochs'],
      [2, 2, 'epochs'],
    ],
  );
  assert.ok((told[0]?.metrics?.validation ?? 0) > 0);
});

test('rollouts without a single success still give a classifier', async (t) => {
  const folder = tempFolder(t);
  const failures = Array.from({ length: 4 }, () => ({ success: false }));
  const [train, validation] = [
    await rolloutsIn(join(folder, 'a'), failures),
    await rolloutsIn(join(folder, 'b'), failures),
  ];
  const { out } = await runTask(trainClassifier, { train, validation, epochs: 5 }, folder);
  const { trainedOn, curves } = await readClassifier(out.classifier);
  assert.equal(trainedOn.successes, 0);
  assert.deepEqual(curves.train.successMean, [null, null, null, null, null]);
});
