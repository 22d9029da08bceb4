import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { pickRollouts } from '../../../tasks/classify/pick-rollouts.ts';
import { type RolloutRow, sweepClassifiers } from '../../../tasks/classify/sweep-classifiers.ts';
import { type EachNode, type FilterNode, targetOf } from '../../../tasks/core/node.ts';
import { type Ref, task } from '../../../tasks/core/task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { checkpointAt } from './checkpoint.ts';
import { alternating, rolloutsIn } from './rollouts.ts';
import { runTask } from '../../support/run-task.ts';

test('a sweep has one fan-out for each architecture, and never trains on the checkpoint that validates', () => {
  const { rows } = task({
    name: 'rows',
    inputs: {},
    outputs: { rows: z.custom<RolloutRow[]>() },
    command: () => ['x'],
  })({});
  const { candidates } = sweepClassifiers({
    rows,
    validateOnStep: 300,
    hiddenSizes: [
      [8, 8],
      [16, 16],
    ],
    epochs: 10,
  });
  assert.equal(candidates.length, 2);
  const { list } = targetOf(candidates[0] as Ref<unknown>).node as EachNode;
  const { keep } = targetOf(list).node as FilterNode;
  assert.deepEqual(
    [100, 200, 300].filter((step) => keep({ policy: checkpointAt(step) })),
    [100, 200],
  );
});

test('the rollouts of a step are found among the rows', async (t) => {
  const folder = tempFolder(t);
  const rollouts = await rolloutsIn(join(folder, 'rollouts'), alternating(2));
  const rows = [100, 200].map((step) => ({ policy: checkpointAt(step), rollouts: { ...rollouts, path: `${step}` } }));
  const { values } = await runTask(pickRollouts, { rows, step: 200 }, folder);
  assert.equal((values.rollouts as { path: string }).path, '200');
  await assert.rejects(runTask(pickRollouts, { rows, step: 300 }, folder), {
    code: 'no-rollouts',
    message: /there are of 100, 200/,
  });
});
