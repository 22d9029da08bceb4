import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptEnd } from '../../../runner/attempt/attempt-end.ts';
import type { EndCause } from '../../../runner/executors/executor.ts';
import { nextTry } from '../../../runner/drive/retries.ts';
import { noTries } from '../../../runner/log/tries.ts';
import { noProgress } from '../../../runner/job/shared-outputs.ts';

const end = (cause: EndCause | undefined, more: Partial<AttemptEnd> = {}): AttemptEnd => ({
  attempt: 1,
  seconds: 1,
  tries: noTries,
  cause,
  ...more,
});
const task = {
  retries: 0,
  spec: { onPreempt: 'restart', onOutOfMemory: { factor: 2, mostGb: 48 } },
  resources: { memoryGb: 32 },
} as const;
const resuming = { ...task, spec: { ...task.spec, onPreempt: 'resume' } } as const;
const cost = (more: object) => ({ seconds: 1, gpus: 0, cpus: 1, ...more });

test('what came from outside is tried again, and not for ever', () => {
  for (const cause of ['preempted', 'node-failed', 'lost'] as const)
    assert.equal(nextTry(noTries, end(cause), task)?.outside, 1);
  assert.equal(nextTry({ ...noTries, outside: 20 }, end('node-failed'), task), undefined);
  assert.equal(nextTry({ ...noTries, outside: 5 }, end('lost'), task), undefined);
});

test('a job that never began has lost nothing, and is tried as often as it takes', () => {
  assert.deepEqual(nextTry({ ...noTries, outside: 20 }, end('never-started'), task), { ...noTries, outside: 20 });
});

test('out of time is tried again where it goes on, as long as it comes further', () => {
  assert.equal(nextTry(noTries, end('time-limit', { progress: 'a' }), task), undefined);
  const first = nextTry(noTries, end('time-limit', { progress: 'a' }), resuming);
  assert.equal(first?.progress, 'a');
  assert.equal(nextTry(first!, end('time-limit', { progress: 'a' }), resuming), undefined);
  assert.equal(nextTry(noTries, end('time-limit', { progress: noProgress }), resuming), undefined);
});

test('out of memory is tried once more with more, up to the cap', () => {
  assert.equal(nextTry(noTries, end('out-of-memory', { cost: cost({ memoryGb: 32 }) }), task)?.resources?.memoryGb, 48);
  assert.equal(nextTry(noTries, end('out-of-memory', { cost: cost({ memoryGb: 48 }) }), task), undefined);
  assert.equal(nextTry(noTries, end('out-of-memory'), { ...task, resources: {} }), undefined);
  assert.equal(
    nextTry(noTries, end('out-of-memory'), { ...task, spec: { ...task.spec, onOutOfMemory: 'fail' } }),
    undefined,
  );
});

test('a faulty node is avoided', () => {
  assert.deepEqual(nextTry(noTries, end('faulty-node', { cost: cost({ host: 'n3' }) }), task)?.avoid, ['n3']);
});

test('what somebody ended, or nobody takes, stays ended', () => {
  for (const cause of ['cancelled-by-hand', 'refused', 'cancelled'] as const)
    assert.equal(nextTry(noTries, end(cause), task), undefined);
});

test("the program's own error is tried again as often as the call asks for", () => {
  assert.equal(nextTry(noTries, end(undefined), task), undefined);
  assert.equal(nextTry(noTries, end(undefined), { ...task, retries: 1 })?.program, 1);
  assert.equal(nextTry({ ...noTries, program: 1 }, end(undefined), { ...task, retries: 1 }), undefined);
});
