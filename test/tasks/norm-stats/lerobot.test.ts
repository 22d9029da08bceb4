import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { readNormStats } from '../../../tasks/formats/norm-stats.ts';
import { lerobotDataset } from '../../../tasks/kinds/lerobot-dataset.ts';
import { actionToPi, alohaWidth, stateToPi } from '../../../tasks/norm-stats/aloha.ts';
import { lerobotStats } from '../../../tasks/norm-stats/lerobot.ts';
import { type Asked, lerobotStatistics } from '../../../tasks/norm-stats/lerobot-statistics.ts';
import { openpiStatsSettings } from '../../../tasks/norm-stats/openpi-configs.ts';
import { golden } from '../../support/openpi-golden.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

interface Case {
  readonly horizon: number;
  readonly batch_size: number;
  readonly delta_mask: boolean[];
  readonly batches: number;
  readonly state: Record<'mean' | 'std' | 'q01' | 'q99', number[]>;
  readonly actions: Record<'mean' | 'std' | 'q01' | 'q99', number[]>;
}

/** Two episodes of a Unitree G1, 278 and 221 frames. */
const real = join(packageRoot(), 'test/data/lerobot-v21-unitree-g1');
const cases = golden<Record<string, Case>>('lerobot/pipeline.expected.json');

function askedOf({ horizon, batch_size, delta_mask }: Case): Asked {
  return {
    ...{ stateFeatures: ['observation.state'], actionFeature: 'action', aloha: 'as-stored', exact: false },
    ...{ horizon, deltaMask: delta_mask, batchSize: batch_size },
  };
}

const statistics = (asked: Asked) => lerobotStatistics(real, asked, () => {});

for (const [name, expected] of Object.entries(cases)) {
  test(`statistics are those of openpi's own loader and script, bit for bit: ${name}`, async () => {
    const { state, actions, batches } = await statistics(askedOf(expected));
    assert.deepEqual({ state, actions, batches }, { state: expected.state, actions: expected.actions, batches });
    assert.equal(batches, expected.batches);
  });
}

test("ALOHA's states and actions become pi's, as openpi's policy converts them", () => {
  const { rows, state, action } =
    golden<Record<'rows' | 'state' | 'action', number[][]>>('lerobot/aloha.expected.json');
  const converted = (convert: (row: Float64Array) => void) =>
    rows.map((values) => {
      const row = Float64Array.from(values);
      convert(row);
      return [...Float32Array.from(row)];
    });
  assert.deepEqual(converted(stateToPi), state);
  assert.deepEqual(converted(actionToPi), action);
});

test('a last batch that is not full does not count', async () => {
  const { frames, batches } = await statistics({ ...askedOf(cases.delta as Case), batchSize: 100 });
  assert.deepEqual([frames, batches], [400, 4]);
});

test('less than one batch is refused, with what to do', async () => {
  const asked = { ...askedOf(cases.delta as Case), batchSize: 500 };
  await assert.rejects(statistics(asked), { code: 'too-few-rows', message: /499 frames, below one batch of 500/ });
  await assert.rejects(statistics({ ...asked, batchSize: 50, maxFrames: 49 }), {
    code: 'too-few-rows',
    message: /maxFrames 49/,
  });
});

test('maxFrames takes the first frames and says so; at or above what there is it does nothing', async () => {
  const asked = askedOf(cases.delta as Case);
  const some = await statistics({ ...asked, maxFrames: 120 });
  assert.equal(some.frames, 100);
  assert.match(some.method, /first frames in order/);
  const all = await statistics({ ...asked, maxFrames: 499 });
  assert.deepEqual(all, await statistics(asked));
});

test("exact statistics count every frame, and are labelled as not openpi's", async () => {
  const asked = askedOf(cases.one_batch as Case);
  const exact = await statistics({ ...asked, batchSize: 100, exact: true });
  assert.deepEqual([exact.frames, exact.batches], [499, 0]);
  assert.match(exact.method, /not openpi's/);
  const { mean, q01 } = (cases.one_batch as Case).state; // of all frames too
  for (const d of mean.keys()) {
    assert.ok(Math.abs((exact.state.mean[d] as number) - (mean[d] as number)) < 1e-5, `mean ${d}`);
    assert.ok(Math.abs((exact.state.q01[d] as number) - (q01[d] as number)) < 0.05, `quantile ${d}`);
  }
});

test('features that are not there, and widths that do not fit, are refused by name', async () => {
  const asked = askedOf(cases.delta as Case);
  await assert.rejects(statistics({ ...asked, stateFeatures: ['joint_position'] }), {
    code: 'feature-unknown',
    message: /joint_position/,
  });
  await assert.rejects(statistics({ ...asked, aloha: 'pi' }), { code: 'width-differs', message: /14 numbers, not 26/ });
  await assert.rejects(statistics({ ...asked, deltaMask: Array.from({ length: 27 }, () => true) }), {
    code: 'width-differs',
  });
});

test('the task writes norm_stats.json where openpi looks for it, and how it was made beside it', async (t) => {
  const dataset = await artifactAt(lerobotDataset, real);
  const { stateFeatures, deltaMask, ...asked } = askedOf(cases.as_stored as Case);
  const inputs = { ...asked, dataset, stateFeatures: [...stateFeatures], deltaMask: [...deltaMask] };
  const { stats } = (await runTask(lerobotStats, inputs, tempFolder(t))).out;
  const written = await readNormStats(join(stats, 'norm_stats.json'));
  assert.deepEqual(written.state, (cases.as_stored as Case).state);
  const method = JSON.parse(readFileSync(join(stats, 'method.json'), 'utf8')) as unknown;
  assert.deepEqual(method, { method: 'RunningStats of openpi', frames: 480, batches: 15 });
});

test('the settings of every configuration are settings that the task takes', async () => {
  const dataset = await artifactAt(lerobotDataset, real);
  for (const settings of Object.values(openpiStatsSettings)) {
    assert.doesNotThrow(() => lerobotStats({ dataset, ...settings }));
  }
  assert.equal(openpiStatsSettings.pi0_aloha_pen_uncap.deltaMask.length, alohaWidth);
});
