import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { selectEpisodes } from '../../../tasks/convert/select-episodes.ts';
import { type Episode, readEpisodes, readInfo } from '../../../tasks/formats/lerobot-dataset/read.ts';
import { framesOf } from '../../../tasks/formats/lerobot-dataset/frames.ts';
import { writeDataset } from '../../../tasks/formats/lerobot-dataset/write.ts';
import { episodeList } from '../../../tasks/kinds/episode-list.ts';
import { lerobotDataset } from '../../../tasks/kinds/lerobot-dataset.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { cameraEpisode, cameraFeatures } from '../../support/tiny-cameras.ts';
import { collect, tinyEpisode, tinyFeatures, writeTinyDataset } from '../../support/tiny-dataset.ts';
import { withoutFfmpeg } from '../formats/video/frames.ts';

test('chosen episodes keep their frames, are numbered anew, and come in the order of the list', async (t) => {
  const root = tempFolder(t);
  const datasets = [
    { name: 'demos', dataset: await tiny(join(root, 'demos'), [3, 1, 4]) },
    { name: 'rollouts/000100', dataset: await tiny(join(root, 'rollouts'), [2, 5]) },
  ];
  const list = await listOf(root, 'rollouts/000100 1\ndemos 2,0\n');
  const { dataset } = (await runTask(selectEpisodes, { datasets, list }, root)).out;
  const found = await collect(readEpisodes(dataset, { columns: Object.keys(tinyFeatures) }));
  const expected = [tinyEpisode(1, 5), tinyEpisode(2, 4), tinyEpisode(0, 3)];
  assert.deepEqual(
    found.map(({ columns }) => columns),
    expected.map(({ columns }) => columns),
  );
  assert.deepEqual(
    found.map(({ index }) => index),
    [0, 1, 2],
  );
});

test('only features that all datasets share are kept', async (t) => {
  const root = tempFolder(t);
  const { 'next.reward': _, ...features } = tinyFeatures;
  const { 'next.reward': _column, ...columns } = tinyEpisode(0, 2).columns;
  const path = join(root, 'plain');
  await writeDataset(path, { version: 'v3.0', fps: 10, robotType: 'x', features }, [{ ...tinyEpisode(0, 2), columns }]);
  const datasets = [
    { name: 'demos', dataset: await tiny(join(root, 'demos'), [3]) },
    { name: 'plain', dataset: await artifactAt(lerobotDataset, path) },
  ];
  const list = await listOf(root, 'demos 0\nplain 0\n');
  const { dataset } = (await runTask(selectEpisodes, { datasets, list }, root)).out;
  const kept = Object.keys((await readInfo(dataset)).features);
  assert.deepEqual(kept.slice(0, -5), ['observation.state', 'action', 'next.done', 'grip']);
});

test('a dataset that was not given, an unknown episode and an empty list are refused by name', async (t) => {
  const root = tempFolder(t);
  const datasets = [{ name: 'demos', dataset: await tiny(join(root, 'demos'), [3]) }];
  const run = async (text: string): Promise<unknown> =>
    runTask(selectEpisodes, { datasets, list: await listOf(root, text) }, root);
  await assert.rejects(run('other 0\n'), { code: 'dataset-unknown', message: /other/, hint: /demos/ });
  await assert.rejects(run('demos 5\n'), { code: 'episode-unknown', message: /5/ });
  await assert.rejects(run(''), { code: 'no-episodes' });
});

for (const version of ['v2.1', 'v3.0'] as const) {
  test(`videos, images and strings come along, frame by frame as they were, ${version}`, {
    skip: withoutFfmpeg('libx264'),
  }, async (t) => {
    const root = tempFolder(t);
    const recorded = async (name: string, lengths: readonly number[]): Promise<Episode[]> => {
      const episodes: Episode[] = [];
      for (const [index, length] of lengths.entries()) {
        episodes.push(await cameraEpisode(join(root, `${name}-recordings`), { index, length, fps: 10 }));
      }
      await writeDataset(join(root, name), { version, fps: 10, robotType: 'x', features: cameraFeatures }, episodes);
      return episodes;
    };
    const [demos, more] = [await recorded('demos', [4, 2, 5]), await recorded('more', [3, 6])];
    const datasets = [
      { name: 'demos', dataset: await artifactAt(lerobotDataset, join(root, 'demos')) },
      { name: 'more', dataset: await artifactAt(lerobotDataset, join(root, 'more')) },
    ];
    const list = await listOf(root, 'more 1\ndemos 2,1\nmore 0\n');
    const { dataset } = (await runTask(selectEpisodes, { datasets, list }, root)).out;
    const expected = [more[1], demos[2], demos[1], more[0]] as Episode[];
    const found = await collect(readEpisodes(dataset, { columns: Object.keys(cameraFeatures) }));
    assert.equal(found.length, 4);
    for (const [i, episode] of found.entries()) {
      const source = expected[i] as Episode;
      assert.deepEqual(
        [episode.columns, episode.strings, episode.tasks],
        [source.columns, source.strings, source.tasks],
      );
      for (const key of ['observation.images.top', 'observation.images.side', 'observation.images.wrist']) {
        assert.deepEqual(await pixelsOf(episode, key), await pixelsOf(source, key), `${key} of episode ${i}`);
        const camera = (each: Episode) => ({ ...each.images, ...each.videos })[key]?.stats;
        assert.deepEqual(camera(episode)?.mean, camera(source)?.mean);
      }
    }
  });
}

async function pixelsOf(episode: Episode, key: string): Promise<Buffer[]> {
  return (await collect(framesOf(episode, key))).map(({ rgb }) => Buffer.from(rgb));
}

async function tiny(path: string, lengths: readonly number[]) {
  return artifactAt(lerobotDataset, await writeTinyDataset(path, { lengths }));
}

async function listOf(root: string, text: string) {
  const path = join(root, `list-${text.length}.txt`);
  writeFileSync(path, text);
  return artifactAt(episodeList, path);
}
