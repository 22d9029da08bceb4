import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder as folderKind } from '../../../tasks/kinds/folder.ts';
import { episodeScores } from '../../../tasks/kinds/episode-scores.ts';
import { htmlPage } from '../../../tasks/kinds/html-page.ts';
import { rolloutSummary } from '../../../tasks/kinds/rollout-summary.ts';
import { successClassifier } from '../../../tasks/models/success-classifier/success-classifier.ts';
import { writeClassifier } from '../../../tasks/models/success-classifier/file.ts';
import { demoScoreReport } from '../../../tasks/report/demo-score-report.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { checkpointAt } from '../classify/checkpoint.ts';
import { artifactOf } from '../classify/rollouts.ts';
import { runTask } from '../../support/run-task.ts';
import { episodesOf, smallExperiment } from './experiment.ts';

async function inputsIn(folder: string) {
  const summary = async (name: string, rewards: number[]) => {
    const path = join(folder, name);
    const episodes = episodesOf(rewards);
    await mkdir(join(path, 'episodes'), { recursive: true });
    await writeFile(join(path, 'episodes', '000.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    const meanMaxReward = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
    const successRate = episodes.filter(({ success }) => success).length / rewards.length;
    await writeFile(join(path, 'summary.json'), JSON.stringify({ seed: 16_000, successRate, meanMaxReward, episodes }));
    return artifactOf(rolloutSummary, path);
  };
  const { classifiers, scores } = smallExperiment();
  await writeClassifier(join(folder, 'classifier'), classifiers[0]!.file);
  await writeFile(join(folder, 'scores.json'), JSON.stringify(scores));
  const errors = { position: [0, 1.5], angle: [0, 0.1], coverage: [0, 0.02] };
  const replay = { quantiles: [0.5, 1], atEnd: errors, oneStep: errors, episodes: [{}, {}] };
  await mkdir(join(folder, 'replay'));
  await writeFile(join(folder, 'replay', 'errors.json'), JSON.stringify(replay));

  const classifier = await artifactOf(successClassifier, join(folder, 'classifier'));
  const unpicked = { ...classifier, digest: `sha256:${'1'.repeat(64)}` };
  return {
    title: 'Curation & retraining',
    base: { name: 'Base policy', summary: await summary('base', [0.1, 0.3]) },
    retrained: [{ name: 'Kept demonstrations', summary: await summary('demos', [0.2, 1]) }],
    checkpoints: [
      { policy: checkpointAt(1000), summary: await summary('later', [0.4]) },
      { policy: checkpointAt(500), summary: await summary('earlier', [0.2]) },
    ],
    candidates: [[{ policy: checkpointAt(500), classifier }], [{ policy: checkpointAt(1000), classifier: unpicked }]],
    picked: classifier,
    scores: await artifactOf(episodeScores, join(folder, 'scores.json')),
    replay: await artifactOf(folderKind, join(folder, 'replay')),
    parameters: { steps: 1000 },
  };
}

test('one page is written, with its title as its fact', async (t) => {
  const folder = tempFolder(t);
  const { out } = await runTask(demoScoreReport, await inputsIn(folder), folder);
  assert.deepEqual((await artifactOf(htmlPage, out.report)).meta, { title: 'Curation & retraining' });
  const page = await readFile(out.report, 'utf8');
  for (const text of ['0.600', '50%', 'step 500, hidden 8–8 · picked', 'step 1,000, hidden 8–8', '1.5', '5.7°']) {
    assert.ok(page.includes(text), `the page lacks ${text}`);
  }
  assert.ok(!page.includes('step 1,000, hidden 8–8 · picked'));
});

test('checkpoints are drawn in the order of their steps', async (t) => {
  const folder = tempFolder(t);
  const { out } = await runTask(demoScoreReport, await inputsIn(folder), folder);
  assert.match(await readFile(out.report, 'utf8'), /Mean max reward: 0\.2 at step 500, 0\.4 at step 1,000/);
});

test('equal inputs give equal bytes', async (t) => {
  const folder = tempFolder(t);
  const inputs = await inputsIn(folder);
  const bytes = async () => readFile((await runTask(demoScoreReport, inputs, folder)).out.report);
  assert.deepEqual(await bytes(), await bytes());
});

test('a file that is no page is refused as one', async (t) => {
  const path = join(tempFolder(t), 'page.html');
  await writeFile(path, '<p>hello</p>');
  await assert.rejects(artifactOf(htmlPage, path), { code: 'not-html-page' });
});
