import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batcher } from '../../../../tasks/models/flow/batches.ts';
import { featureWidth } from '../../../../tasks/models/flow-policy/features.ts';
import { inputWidth } from '../../../../tasks/models/flow-policy/flow.ts';
import { readRecordings } from '../../../../tasks/models/flow-policy/recordings.ts';
import { windowsOf } from '../../../../tasks/models/flow-policy/windows.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { tinySettings, writeTinyDemonstrations } from '../../train/tiny-training.ts';

const limits = { min: new Array<number>(18).fill(0), max: new Array<number>(18).fill(512) };
const { horizon } = tinySettings;

test('a mirror image of every episode follows the episodes', async (t) => {
  const { dataset } = await writeTinyDemonstrations(tempFolder(t));
  const recordings = await readRecordings(dataset, { mirror: true });
  assert.equal(recordings.ends.length, 2 * 3 * 20);
  assert.deepEqual([...new Set(recordings.ends)], [20, 40, 60, 80, 100, 120]);
});

test('a chunk is the way from the pusher to the next actions, the last of which is repeated', async (t) => {
  const { dataset } = await writeTinyDemonstrations(tempFolder(t));
  const recordings = await readRecordings(dataset, { mirror: false });
  const { chunks, actionScale } = windowsOf(recordings, tinySettings, limits);
  const frame = 18; // the last but one of the first episode
  for (let i = 0; i < horizon; i += 1) {
    const way = (chunks[(frame * horizon + i) * 2] as number) * (actionScale[i] as number);
    const action = recordings.actions[Math.min(frame + i, 19) * 2] as number;
    assert.ok(Math.abs(way + (recordings.observations[frame * 18] as number) - action) < 1e-3);
  }
});

test("before an episode's first frame its first observation is repeated", async (t) => {
  const { dataset } = await writeTinyDemonstrations(tempFolder(t));
  const { features } = windowsOf(await readRecordings(dataset, { mirror: false }), tinySettings, limits);
  const at = 20 * featureWidth(2); // the first frame of the second episode
  assert.deepEqual(features.slice(at, at + 18), features.slice(at + 18, at + 36));
});

test('the batch of a step is a function of seed and step, and an epoch shows every frame once', () => {
  const count = 30;
  const features = new Float32Array(count * featureWidth(2)).map((_, i) => Math.floor(i / featureWidth(2)));
  const samples = { count, features, chunks: new Float32Array(count * horizon * 2) };
  const order = { batchSize: 10, seed: 4, timeFeatures: tinySettings.timeFeatures };
  const batchOf = (step: number, used = batcher(samples, order)) => used(step).input.slice();
  const used = batcher(samples, order);
  for (const step of [9, 2, 0, 1]) assert.deepEqual(batchOf(step, used), batchOf(step));
  const width = inputWidth(tinySettings);
  const shown = [0, 1, 2].flatMap((step) =>
    Array.from({ length: 10 }, (_, row) => batchOf(step)[row * width + horizon * 2]),
  );
  assert.deepEqual(
    shown.sort((a, b) => (a as number) - (b as number)),
    Array.from({ length: count }, (_, i) => i),
  );
});
