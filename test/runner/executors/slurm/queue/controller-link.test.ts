import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControllerLink } from '../../../../../runner/executors/slurm/queue/controller-link.ts';
import { SlurmInMemory } from '../../../../support/slurm-in-memory.ts';

test('that nobody answers is told once, in one line, until somebody has answered', () => {
  const link = new ControllerLink(new SlurmInMemory());
  const told = [link.unanswered('timed out\nmore'), link.unanswered('timed out')];
  assert.deepEqual(told, [
    [{ type: 'trouble', message: 'Slurm does not answer; what is running runs on. timed out' }],
    [],
  ]);
  assert.equal(link.isSilent, true);
  link.answered();
  assert.equal(link.isSilent, false);
  assert.equal(link.unanswered('refused').length, 1);
});
