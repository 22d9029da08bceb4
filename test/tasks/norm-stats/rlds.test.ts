import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '../../../cache/problem.ts';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { readNormStats } from '../../../tasks/formats/norm-stats.ts';
import { rldsDataset } from '../../../tasks/kinds/rlds-dataset.ts';
import { rowReader } from '../../../tasks/norm-stats/rlds-frames.ts';
import { rldsStats } from '../../../tasks/norm-stats/rlds.ts';
import { readEpisodes } from '../../../tasks/formats/rlds/read.ts';
import { droidFolder } from '../../support/openpi-golden.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const bridge = join(packageRoot(), 'test/data/rlds-bridge-octo');

/** Mean and population deviation of a column, from all of it at once. */
async function plainly(name: string): Promise<{ mean: number[]; std: number[] }> {
  const rows: number[][] = [];
  for await (const { floats, steps } of readEpisodes(bridge, { features: [name] })) {
    const values = [...(floats[name] as Float32Array)];
    const width = values.length / steps;
    for (let t = 0; t < steps; t += 1) rows.push(values.slice(t * width, (t + 1) * width));
  }
  const columns = (rows[0] as number[]).map((_, d) => rows.map((row) => row[d] as number));
  const mean = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length);
  const std = columns.map((column, d) => {
    const squares = column.map((value) => (value - (mean[d] as number)) ** 2);
    return Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / column.length);
  });
  return { mean, std };
}

function isNear(found: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.equal(found.length, expected.length);
  for (const [d, value] of found.entries()) assert.ok(Math.abs(value - (expected[d] as number)) <= tolerance, `${d}`);
}

for (const [exact, tolerance] of [
  [true, 1e-12],
  [false, 1e-3], // float32 sums: the deviation of what hardly moves has few digits
] as const) {
  test(`real data of another shape has statistics of the features that are named, exact: ${exact}`, async (t) => {
    const dataset = await artifactAt(rldsDataset, bridge);
    const names = { stateFeatures: ['observation/state'], actionFeatures: ['steps/action'] };
    const asked = { dataset, ...names, horizon: 1, batchSize: 4, exact, skipBadRecords: false };
    const { out } = await runTask(rldsStats, asked, tempFolder(t));
    const { state, actions } = await readNormStats(join(out.stats, 'norm_stats.json'));
    for (const [stats, name] of [
      [state, 'steps/observation/state'],
      [actions, 'steps/action'],
    ] as const) {
      const { mean, std } = await plainly(name);
      isNear(stats?.mean ?? [], mean, tolerance);
      isNear(stats?.std ?? [], std, tolerance);
    }
  });
}

test('columns are joined in the order given, and chunks repeat the last action', async () => {
  const joints = 'steps/observation/joint_position';
  const rule = { stateFeatures: [joints, 'observation/gripper_position'], actionFeatures: ['action'], horizon: 3 };
  const reader = await rowReader(droidFolder, rule);
  assert.deepEqual([reader.stateWidth, reader.actionWidth], [8, 7]);
  for await (const episode of readEpisodes(droidFolder, { features: reader.features })) {
    const { states, actions } = reader.framesOf(episode);
    const [gripper, action] = [episode.floats['steps/observation/gripper_position'], episode.floats['steps/action']];
    assert.deepEqual(states.slice(0, 7), episode.floats[joints]?.slice(0, 7));
    assert.equal(states[7], gripper?.[0]);
    const last = action?.slice(-7);
    const end = actions.slice(-21);
    assert.deepEqual([end.slice(0, 7), end.slice(7, 14), end.slice(14)], [last, last, last]);
    assert.deepEqual(actions.slice(7, 14), action?.slice(7, 14));
  }
});

test('a feature that is no list of floats is refused, and a misspelt one answered with the nearest', async () => {
  const reading = (name: string) =>
    rowReader(bridge, { stateFeatures: [name], actionFeatures: ['action'], horizon: 1 });
  await assert.rejects(reading('is_first'), (error) => Problem.is(error) && error.code === 'feature-not-numeric');
  await assert.rejects(reading('steps/observation/stat'), /did you mean "steps\/observation\/state"\?/);
});
