import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pickClassifier } from '../../../tasks/classify/pick-classifier.ts';
import type { Value } from '../../../tasks/core/task.ts';
import type { successClassifier } from '../../../tasks/models/success-classifier/success-classifier.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { checkpointAt } from './checkpoint.ts';
import { runTask } from '../../support/run-task.ts';
import { anyDigest } from '../../support/any-digest.ts';

function candidate(name: string, validationLoss: number, successes = 4) {
  const trainedOn = { episodes: 10, successes };
  const meta = { hiddenSizes: [8, 8], epoch: 1, threshold: 0.5, validationLoss, trainedOn };
  const classifier: Value<typeof successClassifier> = {
    kind: 'success-classifier',
    digest: anyDigest,
    path: name,
    meta,
  };
  return { policy: checkpointAt(1), classifier, validationLoss };
}

test('the smallest validation loss wins, over all architectures', async (t) => {
  const candidates = [[candidate('a', 0.5), candidate('b', 0.2)], [candidate('c', 0.3)]];
  const { values } = await runTask(pickClassifier, { candidates }, tempFolder(t));
  assert.deepEqual(values, { classifier: candidates[0]?.[1]?.classifier, validationLoss: 0.2 });
});

test('the first one wins a tie', async (t) => {
  const candidates = [[candidate('a', 0.4)], [candidate('b', 0.2), candidate('c', 0.2)]];
  const { values } = await runTask(pickClassifier, { candidates }, tempFolder(t));
  assert.equal((values.classifier as { path: string }).path, 'b');
});

test('a classifier that saw one outcome only is picked only among its like', async (t) => {
  const [failures, successes, both] = [candidate('a', 0.1, 0), candidate('b', 0.05, 10), candidate('c', 0.4)];
  const pathOf = async (candidates: (typeof both)[]) => {
    const { values } = await runTask(pickClassifier, { candidates: [candidates] }, tempFolder(t));
    return (values.classifier as { path: string }).path;
  };
  assert.equal(await pathOf([failures, successes, both]), 'c');
  assert.equal(await pathOf([failures, successes]), 'b');
});

test('an empty sweep is refused', async (t) => {
  await assert.rejects(runTask(pickClassifier, { candidates: [[]] }, tempFolder(t)), { code: 'no-candidates' });
});
