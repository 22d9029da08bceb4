import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Episode, Feature } from '../../../tasks/formats/lerobot-dataset/read.ts';
import { writeDataset } from '../../../tasks/formats/lerobot-dataset/write.ts';
import { lerobotDataset } from '../../../tasks/kinds/lerobot-dataset.ts';
import { normStats } from '../../../tasks/kinds/norm-stats.ts';
import { datasetStats } from '../../../tasks/norm-stats/dataset.ts';
import { lerobotDataPage } from '../../../tasks/report/lerobot-data-page.ts';
import { noBrowser, openPage } from '../../support/browser.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { cameraEpisode, cameraFeatures } from '../../support/tiny-cameras.ts';
import { writeTinyDataset } from '../../support/tiny-dataset.ts';
import { withoutFfmpeg } from '../formats/video/frames.ts';

test('the page shows episodes, tasks, every number and frames of every camera', {
  skip: withoutFfmpeg('libx264'),
}, async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'set');
  const episodes = await Promise.all(
    [20, 31, 25].map((length, index) => cameraEpisode(join(folder, 'videos'), { index, length, fps: 10 })),
  );
  await writeDataset(path, { version: 'v3.0', fps: 10, robotType: 'test', features: cameraFeatures }, episodes);
  const dataset = await artifactAt(lerobotDataset, path);
  const made = (await runTask(datasetStats, { dataset, keys: ['observation.state'] }, folder)).out;
  const stats = await artifactAt(normStats, made.stats);

  const { page } = (await runTask(lerobotDataPage, { dataset, stats }, folder)).out;
  const text = readFileSync(page, 'utf8');
  assert.match(text, /3 episodes, 76 frames/);
  assert.match(text, /100% of episodes say a task; 2 different tasks/);
  assert.match(text, /<td>pick<\/td><td class="number">2<\/td>/);
  assert.equal(text.match(/role="img"/g)?.length, 1 + 2 + 3); // lengths, state, action
  assert.equal(text.match(/class="threshold"/g)?.length, 2 * 2); // statistics of the state only
  assert.equal(text.match(/src="data:image\/jpeg;base64,/g)?.length, 2 * 2);
  assert.equal(text.match(/src="data:image\/png;base64,/g)?.length, 2);
  assert.match(text, /<h3>x<\/h3>/);
  assert.doesNotMatch(text, /https?:|<script/);
  if (noBrowser === undefined) refuseOverflow(page);
});

test('a dataset without cameras and tasks has a page too', async (t) => {
  const folder = tempFolder(t);
  const features: Record<string, Feature> = { action: { dtype: 'float32', shape: [2], names: null } };
  const values = Float32Array.of(1, 2, 1, 3);
  const episode: Episode = { index: 0, tasks: [''], length: 2, columns: { action: values } };
  const path = join(folder, 'set');
  await writeDataset(path, { version: 'v2.1', fps: 10, robotType: 'test', features }, [episode]);
  const { page } = (await runTask(lerobotDataPage, { dataset: await artifactAt(lerobotDataset, path) }, folder)).out;
  const text = readFileSync(page, 'utf8');
  assert.match(text, /0% of episodes say a task/);
  assert.doesNotMatch(text, /First frames|NaN/);
});

test('equal datasets have equal pages', async (t) => {
  const folder = tempFolder(t);
  const dataset = await artifactAt(lerobotDataset, await writeTinyDataset(join(folder, 'set')));
  const pages = [
    await runTask(lerobotDataPage, { dataset }, folder),
    await runTask(lerobotDataPage, { dataset }, folder),
  ];
  const [a, b] = pages.map(({ out }) => readFileSync(out.page, 'utf8'));
  assert.equal(a, b);
});

function refuseOverflow(path: string): void {
  const [desk, phone] = [1100, 390].map((width) => openPage(path, { width }));
  assert.ok(
    (desk?.scrollWidth ?? 0) <= 1100 && (phone?.scrollWidth ?? 0) <= 390,
    `${desk?.scrollWidth}, ${phone?.scrollWidth}`,
  );
  assert.deepEqual(phone?.loaded, []);
}
