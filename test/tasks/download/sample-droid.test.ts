import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { z } from 'zod';
import { scanTree, treeDigest } from '../../../cache/tree.ts';
import { sampleDroidRaw, sampleDroidRlds } from '../../../tasks/download/sample-droid.ts';
import { type IncompleteEpisode, type RawEpisode, readRawEpisodes } from '../../../tasks/formats/droid-raw/read.ts';
import { droid, isSuccess, textOf } from '../../../tasks/formats/rlds/droid.ts';
import { readFeatures } from '../../../tasks/formats/rlds/features.ts';
import { readEpisodes } from '../../../tasks/formats/rlds/read.ts';
import { probeVideo } from '../../../tasks/formats/video/probe.ts';
import { rldsDataset } from '../../../tasks/kinds/rlds-dataset.ts';
import { exited, startChild } from '../../support/child-module.ts';
import { runPython, withoutPython } from '../../support/python.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { withoutFfmpeg } from '../formats/video/frames.ts';

let rlds = '';
let raw = '';
const plan = { episodes: 6, meanSteps: 60, shards: 3, seed: 0 };

before(async (t) => {
  const folder = tempFolder(t as Parameters<typeof tempFolder>[0]);
  rlds = (await runTask(sampleDroidRlds, plan, folder)).out.dataset;
  if (withoutFfmpeg('libx264')) return;
  const videoSize = { width: 160, height: 90 };
  raw = (await runTask(sampleDroidRaw, { ...plan, episodes: 2, videoSize, incomplete: true }, folder)).out.raw;
});

test('the sample is a dataset of DROID 1.0.1 by name, version, shards and features', async () => {
  const { meta } = await artifactAt(rldsDataset, rlds);
  assert.deepEqual(meta, { name: 'droid_101', version: '0.0.1', episodes: 6, shards: 3 });
  assert.equal((await readFeatures(rlds)).size, 23);
});

test('there are successes, failures, and episodes with and without instructions', async () => {
  const seen = { successes: new Set<boolean>(), instructions: new Set<number>() };
  for await (const episode of readEpisodes(rlds, { features: [droid.filePath], firstOf: droid.language })) {
    seen.successes.add(isSuccess(textOf(episode, droid.filePath)));
    seen.instructions.add(droid.language.filter((name) => textOf(episode, name) !== '').length);
  }
  assert.deepEqual([seen.successes.size, seen.instructions.has(0), seen.instructions.has(3)], [2, true, true]);
});

const Found = z.object({
  episodes: z.array(
    z.object({
      steps: z.number(),
      success: z.boolean(),
      idle: z.number(),
      image_bytes: z.number(),
      instructions: z.number(),
    }),
  ),
});

test('a reader of Python finds every feature, true JPEGs and commands that the arm follows', {
  skip: withoutPython('numpy', 'PIL'),
}, () => {
  const { episodes } = Found.parse(runPython('check_droid_rlds.py', [rlds], ['numpy', 'PIL']));
  assert.equal(episodes.length, 6);
  for (const { idle, image_bytes, steps } of episodes) {
    assert.ok(steps >= 30 && steps <= 160, `${steps} steps`);
    assert.ok(idle > 0.02 && idle < 0.7, `idle share ${idle}`);
    assert.ok(image_bytes > 4000 && image_bytes < 9000, `${image_bytes} bytes a picture`);
  }
});

test('pictures take about as many bytes as asked for', { skip: withoutPython('numpy', 'PIL') }, async (t) => {
  const few = { ...plan, episodes: 1, shards: 1, imageBytes: 12_000 };
  const { out } = await runTask(sampleDroidRlds, few, tempFolder(t));
  const { episodes } = Found.parse(runPython('check_droid_rlds.py', [out.dataset], ['numpy', 'PIL']));
  const bytes = episodes[0]?.image_bytes ?? 0;
  assert.ok(Math.abs(bytes / 12_000 - 1) < 0.2, `${bytes} bytes`);
});

/** Of the child's sample. It changes with what is drawn or simulated, and must not with machines and engines. */
const digestEverywhere = 'sha256:b36e24fb4854e9082457292b595a407fee0b78444b38a6299409fbaf9bd3ef99';

test('the same seed gives the same bytes in every process and on every machine', async (t) => {
  const folder = tempFolder(t);
  const places = ['a', 'b'].map((name) => join(folder, name));
  await Promise.all(
    places.map(async (place) => {
      const child = startChild(import.meta.url, '../../support/droid-sample-writer', [place]);
      child.stdout?.resume();
      assert.equal(await exited(child), 0);
    }),
  );
  const digests = await Promise.all(places.map(async (place) => treeDigest(await scanTree(place))));
  assert.deepEqual(digests, [digestEverywhere, digestEverywhere]);
});

test('raw folders hold the same episodes, and each way of being incomplete once', {
  skip: withoutFfmpeg('libx264'),
}, async () => {
  const whole: RawEpisode[] = [];
  const incomplete: IncompleteEpisode[] = [];
  for await (const episode of readRawEpisodes(raw)) {
    if ('reason' in episode) incomplete.push(episode);
    else whole.push(episode);
  }
  assert.deepEqual(incomplete.map(({ code }) => code).sort(), [
    'camera-missing',
    'hdf5-truncated',
    'metadata-missing',
    'video-short',
  ]);
  const steps = new Map<string, number>();
  for await (const episode of readEpisodes(rlds, { features: [droid.filePath, droid.jointPosition] })) {
    steps.set(textOf(episode, droid.filePath).split('/').slice(-5, -1).join('/'), episode.steps);
  }
  assert.equal(whole.length, 2);
  for (const { episode, stepCount, columns, metadata } of whole) {
    assert.equal(stepCount, steps.get(episode), episode);
    assert.equal(metadata.trajectory_length, stepCount);
    assert.equal(columns.commandedJointPosition.length, 7 * stepCount);
  }
});

test('videos have the size asked for and a frame for each step', { skip: withoutFfmpeg('libx264') }, async () => {
  for await (const episode of readRawEpisodes(raw)) {
    if ('reason' in episode) continue;
    for (const { video } of Object.values(episode.cameras)) {
      const { width, height, frameCount, codec } = await probeVideo(join(raw, video));
      assert.deepEqual(
        { width, height, frameCount, codec },
        { width: 160, height: 90, frameCount: episode.stepCount, codec: 'h264' },
      );
    }
  }
});

test('h5py reads the trajectory as the facts beside it say', {
  skip: withoutFfmpeg('libx264') || withoutPython('numpy', 'h5py'),
}, async () => {
  for await (const episode of readRawEpisodes(raw)) {
    if ('reason' in episode) continue;
    const found = z
      .object({
        attributes: z.record(z.string(), z.unknown()),
        lengths: z.array(z.number()),
        leaves: z.record(z.string(), z.unknown()),
        types: z.record(z.string(), z.number()),
        joint_sum: z.number(),
      })
      .parse(runPython('check_droid_raw.py', [join(raw, episode.episode)], ['numpy', 'h5py']));
    const facts = z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(readFileSync(join(raw, episode.episode, `metadata_${episode.uuid}.json`), 'utf8')));
    assert.deepEqual(found.lengths, [episode.stepCount]);
    assert.deepEqual(found.leaves['action/joint_velocity'], ['float64', [7]]);
    assert.equal(found.attributes.scene_id, facts.scene_id);
    assert.equal(found.attributes.user, facts.user);
    assert.equal(found.types[String(facts.wrist_cam_serial)], 0);
    const sum = episode.columns.jointPosition.reduce((total, value) => total + value, 0);
    assert.ok(Math.abs(found.joint_sum - sum) < 1e-9);
  }
});
