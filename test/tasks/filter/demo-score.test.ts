import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { trainClassifier } from '../../../tasks/classify/train-classifier.ts';
import { readJson } from '../../../tasks/core/task.ts';
import { filterDemoScore, isKept } from '../../../tasks/filter/demo-score.ts';
import { episodeList } from '../../../tasks/kinds/episode-list.ts';
import { EpisodeScores, episodeScores } from '../../../tasks/kinds/episode-scores.ts';
import { successClassifier } from '../../../tasks/models/success-classifier/success-classifier.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { checkpointAt } from '../classify/checkpoint.ts';
import { alternating, artifactOf, rolloutsIn } from '../classify/rollouts.ts';
import { runTask } from '../../support/run-task.ts';

const good = { success: true };
const bad = { success: false };
/** A success in states that look like failures. */
const lucky = { success: true, shift: 0 };

/** A classifier that knows right from left, five demonstrations, and rollouts of two checkpoints. */
async function scene(folder: string, demonstrations = [good, bad, good, bad, { success: false, shift: 160 }]) {
  const training = { epochs: 60, learningRate: 1e-2, batchSize: 32 };
  const train = await rolloutsIn(join(folder, 'train'), alternating(12));
  const { out } = await runTask(trainClassifier, { train, validation: train, ...training }, folder);
  return {
    demos: { name: 'pusht/demos', dataset: await rolloutsIn(join(folder, 'demos'), demonstrations, { seed: 3 }) },
    rollouts: [
      { policy: checkpointAt(500), rollouts: await rolloutsIn(join(folder, 'a'), [bad, lucky, bad], { seed: 4 }) },
      {
        policy: checkpointAt(12_000),
        rollouts: await rolloutsIn(join(folder, 'b'), [bad, good, lucky, good], { seed: 5 }),
      },
    ],
    rolloutsName: 'pusht/rollouts',
    classifier: await artifactOf(successClassifier, out.classifier),
  };
}

test('the lists name what is kept: demonstrations first, no line without episodes', async (t) => {
  const folder = tempFolder(t);
  const { out } = await runTask(filterDemoScore, await scene(folder), folder);
  assert.equal(await readFile(out.demosOnly, 'utf8'), 'pusht/demos 0,2,4\n');
  assert.equal(await readFile(out.rolloutsPlusDemos, 'utf8'), 'pusht/demos 0,2,4\npusht/rollouts/012000 1,3\n');
  assert.deepEqual((await artifactOf(episodeList, out.rolloutsPlusDemos)).meta, { datasets: 2, episodes: 5 });
});

test('the sources are the datasets of the lists, under the same names', async (t) => {
  const folder = tempFolder(t);
  const inputs = await scene(folder);
  const { values } = await runTask(filterDemoScore, inputs, folder);
  assert.deepEqual(values.sources, [
    inputs.demos,
    { name: 'pusht/rollouts/000500', dataset: inputs.rollouts[0]?.rollouts },
    { name: 'pusht/rollouts/012000', dataset: inputs.rollouts[1]?.rollouts },
  ]);
});

test('scores tell every episode, its success and its fate; demonstrations all count as successes', async (t) => {
  const folder = tempFolder(t);
  const inputs = await scene(folder);
  const { out } = await runTask(filterDemoScore, inputs, folder);
  const { sources, threshold } = await readJson(out.scores, EpisodeScores);
  assert.equal(threshold, inputs.classifier.meta.threshold);
  assert.deepEqual(
    sources.map(({ name, role, episodes }) => [name, role, episodes.length]),
    [
      ['pusht/demos', 'demonstrations', 5],
      ['pusht/rollouts/000500', 'rollouts', 3],
      ['pusht/rollouts/012000', 'rollouts', 4],
    ],
  );
  assert.ok(sources[0]?.episodes.every(({ success }) => success));
  assert.deepEqual(
    sources[1]?.episodes.map(({ success, kept }) => [success, kept]),
    [
      [false, false],
      [true, false],
      [false, false],
    ],
  );
  assert.deepEqual((await artifactOf(episodeScores, out.scores)).meta, { threshold, kept: 5, dropped: 7 });
});

test('scoring keeps dropout off: twice gives equal bytes', async (t) => {
  const folder = tempFolder(t);
  const inputs = await scene(folder);
  const bytes = async () => readFile((await runTask(filterDemoScore, inputs, folder)).out.scores);
  assert.deepEqual(await bytes(), await bytes());
});

test('an episode is kept when it succeeded and scored above the threshold, not at it', () => {
  assert.ok(isKept({ success: true, score: 0.51 }, 0.5));
  assert.ok(!isKept({ success: true, score: 0.5 }, 0.5));
  assert.ok(!isKept({ success: false, score: 0.9 }, 0.5));
});

test('when no demonstration is kept, the scores and the threshold are told', async (t) => {
  const folder = tempFolder(t);
  const inputs = await scene(folder, [bad, bad]);
  await assert.rejects(runTask(filterDemoScore, inputs, folder), {
    code: 'nothing-kept',
    message: /"pusht\/demos".* between 0\.\d+ and 0\.\d+, the threshold is 0\.\d+/,
  });
});
