import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRanges } from '../../../tasks/formats/idle-ranges.ts';
import { readNormStats } from '../../../tasks/formats/norm-stats.ts';
import { episodeKey } from '../../../tasks/formats/rlds/droid.ts';
import { readEpisodes } from '../../../tasks/formats/rlds/read.ts';
import { rldsDataset } from '../../../tasks/kinds/rlds-dataset.ts';
import { droidStats } from '../../../tasks/norm-stats/droid.ts';
import { type ActionSpace, featuresFor, framesOf } from '../../../tasks/formats/rlds/droid-frames.ts';
import { type Asked, droidStatistics } from '../../../tasks/norm-stats/droid-statistics.ts';
import { droidFolder, golden, goldenPath } from '../../support/openpi-golden.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

interface Variant {
  readonly action_source: string;
  readonly filter_dict_applied: boolean;
  readonly success_only: boolean;
  readonly action_horizon: number;
  readonly batch_size: number;
  readonly num_frames: number;
  readonly num_batches: number;
  readonly frame_ids: readonly string[] | null;
  readonly frames: readonly { index: number; id: string; state: number[]; actions: number[][] }[];
  readonly norm_stats: Record<'state' | 'actions', Record<'mean' | 'std' | 'q01' | 'q99', number[]>>;
}

const variants = Object.entries(golden<Record<string, Variant>>('droid_rlds/pipeline.expected.json'));

for (const [name, variant] of variants) {
  test(`frames are those that openpi trains on: ${name}`, async () => {
    const frames = await framesAsOpenpiSeesThem(variant);
    assert.equal(frames.length, variant.num_frames);
    if (variant.frame_ids)
      assert.deepEqual(
        frames.map(({ id }) => id),
        variant.frame_ids,
      );
    for (const { index, id, state, actions } of variant.frames) {
      assert.deepEqual(frames[index], { id, state, actions: actions.flat() });
    }
  });

  test(`statistics are openpi's, bit for bit, with any number of workers: ${name}`, async () => {
    for (const workers of [1, 3]) {
      const { state, actions, batches } = await droidStatistics(droidFolder, askedOf(variant), quietly(workers));
      assert.deepEqual({ state, actions }, variant.norm_stats);
      assert.equal(batches, variant.num_batches);
    }
  });
}

test('maxFrames is rounded down to batches, and must give one', async () => {
  const [[, variant]] = variants as [[string, Variant]];
  const asked = askedOf(variant);
  const { frames, batches } = await droidStatistics(droidFolder, { ...asked, maxFrames: 30 }, quietly(1));
  assert.deepEqual([frames, batches], [24, 3]);
  await assert.rejects(droidStatistics(droidFolder, { ...asked, maxFrames: 7 }, quietly(1)), { code: 'too-few-rows' });
});

test('less than a batch of frames is one batch, as where openpi repeats the data', async () => {
  const [[, variant]] = variants as [[string, Variant]];
  const { frames, batches } = await droidStatistics(droidFolder, { ...askedOf(variant), batchSize: 256 }, quietly(1));
  assert.deepEqual([frames, batches], [67, 1]);
});

test('exact quantiles are those of all frames', async () => {
  const [, , [, variant]] = variants as [unknown, unknown, [string, Variant]];
  const exact = await droidStatistics(droidFolder, { ...askedOf(variant), exact: true }, quietly(1));
  const frames = await framesAsOpenpiSeesThem(variant);
  assert.equal(exact.frames, frames.length);
  const grips = Float64Array.from(frames, ({ state }) => state[6] as number).sort();
  const position = 0.99 * (grips.length - 1);
  const [low, high] = [grips[Math.floor(position)] as number, grips[Math.ceil(position)] as number];
  assert.equal(exact.state.q99[6], low + (high - low) * (position - Math.floor(position)));
});

test('ranges of other episodes leave no frame, and the message says what to compare', async () => {
  const ranges = goldenPath('nonidle/keep_ranges.expected.json');
  const [[, variant]] = variants as [[string, Variant]];
  await assert.rejects(droidStatistics(droidFolder, { ...askedOf(variant), ranges }, quietly(1)), {
    code: 'no-frames',
    message: /No frame of .* is a success and is in the ranges\./,
  });
});

test('the task writes the file that openpi reads, and says how it was made', async (t) => {
  const dataset = await artifactAt(rldsDataset, droidFolder);
  const [, , [, variant]] = variants as [unknown, unknown, [string, Variant]];
  const { ranges: _, ...asked } = askedOf(variant);
  const { out } = await runTask(droidStats, { dataset, ...asked }, tempFolder(t));
  assert.deepEqual(await readNormStats(join(out.stats, 'norm_stats.json')), variant.norm_stats);
  const method = JSON.parse(readFileSync(join(out.stats, 'method.json'), 'utf8')) as unknown;
  assert.deepEqual(method, { method: 'RunningStats of openpi', frames: 176, batches: 11 });
});

function askedOf(variant: Variant): Asked {
  return {
    ranges: variant.filter_dict_applied ? goldenPath('droid_rlds/filter_dict.json') : undefined,
    actionSpace: actionSpaceOf(variant),
    actionHorizon: variant.action_horizon,
    successOnly: variant.success_only,
    batchSize: variant.batch_size,
    exact: false,
    skipBadRecords: false,
  };
}

function actionSpaceOf({ action_source }: Variant): ActionSpace {
  return action_source.includes('joint_velocity') ? 'joint-velocity' : 'joint-position';
}

function quietly(workers: number) {
  return { workers, onEpisode: () => undefined };
}

async function framesAsOpenpiSeesThem(variant: Variant) {
  const { ranges: file, ...asked } = askedOf(variant);
  const rule = { ...asked, ranges: file === undefined ? undefined : await readRanges(file) };
  const found: { id: string; state: number[]; actions: number[] }[] = [];
  for await (const episode of readEpisodes(droidFolder, { features: featuresFor(asked.actionSpace) })) {
    const { steps, states, actions } = framesOf(episode, rule);
    const chunk = asked.actionHorizon * 8;
    for (const [i, step] of steps.entries()) {
      const state = [...states.subarray(i * 8, (i + 1) * 8)];
      found.push({
        id: `${episodeKey(episode)}--${step}`,
        state,
        actions: [...actions.subarray(i * chunk, (i + 1) * chunk)],
      });
    }
  }
  return found;
}
