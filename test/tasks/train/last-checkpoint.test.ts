import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastCheckpoint } from '../../../tasks/train/last-checkpoint.ts';
import { checkpointAt } from '../classify/checkpoint.ts';
import { runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('the checkpoint with the most steps is the last, in whatever order they come', async (t) => {
  const checkpoints = [checkpointAt(500), checkpointAt(1500), checkpointAt(1000)];
  const { checkpoint } = (await runTask(lastCheckpoint, { checkpoints }, tempFolder(t))).values;
  assert.equal(checkpoint, checkpoints[1]);
});
