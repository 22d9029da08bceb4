import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { filterIdleFrames } from '../../../tasks/filter/idle-frames.ts';
import { idleFilterRanges } from '../../../tasks/filter/idle-ranges.ts';
import type { Range } from '../../../tasks/formats/idle-ranges.ts';
import { rangesText } from '../../../tasks/formats/idle-ranges.ts';
import { rldsDataset } from '../../../tasks/kinds/rlds-dataset.ts';
import { droidFolder, golden, goldenPath } from '../../support/openpi-golden.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { tinyEpisode, writeTiny } from '../../support/tiny-rlds.ts';

const rule = { idleThreshold: 1e-3, minIdleSteps: 7, minKeptSteps: 16, trimSteps: 10 };

interface GoldenEpisode {
  readonly name: string;
  readonly recording_folderpath: string;
  readonly file_path: string;
  readonly joint_velocity: readonly number[];
  readonly expected_ranges: readonly Range[];
}

test('ranges are those of openpi, for every golden episode and byte for byte', () => {
  const { episodes } = golden<{ episodes: GoldenEpisode[] }>('nonidle/episodes.json');
  const all = new Map<string, readonly Range[]>();
  for (const { name, recording_folderpath, file_path, joint_velocity, expected_ranges } of episodes) {
    const key = `${recording_folderpath}--${file_path}`;
    if (!all.has(key)) all.set(key, idleFilterRanges(joint_velocity, 7, rule));
    assert.deepEqual(all.get(key), expected_ranges, name);
  }
  assert.equal(rangesText(all), readFileSync(goldenPath('nonidle/keep_ranges.expected.json'), 'utf8'));
});

test('a dataset in the layout of DROID gives the file that openpi writes', async (t) => {
  const out = await filter(tempFolder(t), droidFolder, rule);
  assert.equal(
    readFileSync(String(out.ranges), 'utf8'),
    readFileSync(goldenPath('droid_rlds/keep_ranges_all.expected.json'), 'utf8'),
  );
  assert.equal(out.steps, 203);
  assert.deepEqual(out.skipped, []);
});

test('parameters move the ranges: a still robot is kept when no run is long enough to be cut', () => {
  const still = new Float64Array(40 * 7);
  assert.deepEqual(idleFilterRanges(still, 7, rule), []);
  assert.deepEqual(idleFilterRanges(still, 7, { ...rule, minIdleSteps: 40 }), [[0, 30]]);
  assert.deepEqual(idleFilterRanges(still, 7, { ...rule, minIdleSteps: 40, trimSteps: 0 }), [[0, 40]]);
  assert.deepEqual(idleFilterRanges(still, 7, { ...rule, minIdleSteps: 40, minKeptSteps: 41 }), []);
});

test('a constant command is idle even when it is not zero', () => {
  const constant = new Float64Array(40 * 7).fill(0.5);
  assert.deepEqual(idleFilterRanges(constant, 7, rule), []);
});

test('ranges ascend, do not touch and lie in the episode, whatever the velocities', () => {
  const speeds = fc.array(fc.constantFrom(0, 0.0005, 0.1, -0.1), { maxLength: 120 });
  fc.assert(
    fc.property(speeds, (speed) => {
      const ranges = idleFilterRanges(
        speed.flatMap((value) => Array.from({ length: 7 }, () => value)),
        7,
        rule,
      );
      let last = 0;
      for (const [start, end] of ranges) {
        assert.ok(start >= last && end - start >= 6 && end + 10 <= speed.length, JSON.stringify(ranges));
        last = end + 10;
      }
    }),
  );
});

test('the first of two episodes with the same key counts', async (t) => {
  const folder = tempFolder(t);
  await writeTiny(folder, [[tinyEpisode(1, 40), tinyEpisode(1, 60)]]);
  const out = await filter(tempFolder(t), folder, rule);
  const key = 'gs://x/success/1/recordings/MP4--gs://x/success/1/trajectory.h5';
  assert.equal(readFileSync(String(out.ranges), 'utf8'), `{"${key}": [[0, 30]]}`);
  assert.deepEqual([out.steps, out.keptSteps], [100, 30]);
});

test('a dataset without commanded joint velocities is refused', async (t) => {
  const bridge = goldenPath('../../data/rlds-bridge-octo');
  await assert.rejects(filter(tempFolder(t), bridge, rule), {
    code: 'not-droid',
    message: /it has no steps\/action_dict\/joint_velocity\n.*it has no episode_metadata\/recording_folderpath/,
  });
});

test('trimming as much as is kept at least is refused', async (t) => {
  await assert.rejects(filter(tempFolder(t), droidFolder, { ...rule, trimSteps: 16 }), { code: 'empty-ranges' });
});

async function filter(place: string, folder: string, given: object): Promise<Record<string, unknown>> {
  const dataset = await artifactAt(rldsDataset, folder);
  return (await runTask(filterIdleFrames, { dataset, checkData: true, skipBadRecords: false, ...given }, place)).values;
}
