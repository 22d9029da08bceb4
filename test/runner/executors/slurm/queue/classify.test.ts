import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standingOf, verdictOf, withoutRecord } from '../../../../../runner/executors/slurm/queue/classify.ts';
import type { ExitRecord } from '../../../../../runner/executors/slurm/script/exit-record.ts';
import type { QueueRow } from '../../../../../runner/executors/slurm/queue/queue-text.ts';

const row = (more: Partial<QueueRow>): QueueRow => ({
  id: '7',
  index: undefined,
  name: 'a',
  state: 'RUNNING',
  reason: 'None',
  restarts: 0,
  exit: undefined,
  nodes: 'n1',
  startsAt: undefined,
  limitSeconds: 3600,
  ...more,
});
const record = (more: Partial<ExitRecord> = {}): ExitRecord => ({
  code: 0,
  told: '',
  why: 'program',
  job: '7',
  copy: '0',
  host: 'n1',
  out: '',
  entries: 1,
  peak: 0,
  hundredths: 500,
  used: 200,
  ...more,
});
const alone = { cancelled: false, resumes: false };
const resuming = { cancelled: false, resumes: true };

test('the reason says whether a waiting job ever starts', () => {
  assert.equal(standingOf(row({ state: 'PENDING', reason: 'Resources' })).is, 'waiting');
  assert.equal(standingOf(row({ state: 'PENDING', reason: 'launch failed requeued held' })).is, 'stuck');
  assert.equal(standingOf(row({ state: 'PENDING', reason: 'PartitionTimeLimit' })).is, 'stuck');
  assert.equal(standingOf(row({ state: 'PENDING', reason: 'JobHeldUser' })).is, 'waiting');
});

test('a job whose program has ended and is being cleaned away is not over', () => {
  assert.equal(standingOf(row({ state: 'COMPLETING' })).is, 'ending');
});

test('a program that ended well has, whatever became of its node a moment later', () => {
  for (const state of ['COMPLETED', 'NODE_FAIL', 'TIMEOUT', 'CANCELLED', 'PREEMPTED']) {
    assert.deepEqual(verdictOf(row({ state }), record(), alone), { code: 0, signal: undefined, cause: undefined });
  }
});

test('a program that ended well although a process of the job was killed for its memory has not', () => {
  const verdict = verdictOf(row({ state: 'OUT_OF_MEMORY' }), record(), alone);
  assert.equal(verdict?.cause, 'out-of-memory');
  assert.match(verdict?.detail ?? '', /on n1, though its program ended well/);
});

test('a job that was cancelled on request has no result, also when its program ended well before its script was told', () => {
  const cancelled = { ...alone, cancelled: true };
  assert.equal(verdictOf(row({ state: 'CANCELLED' }), record(), cancelled)?.cause, 'cancelled');
  assert.equal(verdictOf(row({ state: 'COMPLETED' }), record(), cancelled)?.cause, undefined);
});

test('what was told to end and ended well has not ended well', () => {
  const causes = ['CANCELLED', 'TIMEOUT', 'PREEMPTED'].map(
    (state) => verdictOf(row({ state }), record({ told: 'TERM' }), resuming)?.cause,
  );
  assert.deepEqual(causes, ['cancelled-by-hand', 'time-limit', 'preempted']);
  assert.equal(verdictOf(row({ state: 'COMPLETED' }), record({ told: 'TERM' }), resuming)?.cause, 'preempted');
  const late = record({ told: 'TERM', hundredths: 360_000 });
  assert.equal(verdictOf(row({ state: 'COMPLETED' }), late, resuming)?.cause, 'time-limit');
});

test('a warning that a task can use means that it has to go on', () => {
  assert.equal(verdictOf(row({ state: 'COMPLETED' }), record({ told: 'USR1' }), resuming)?.cause, 'time-limit');
  assert.equal(verdictOf(row({ state: 'COMPLETED' }), record({ told: 'USR1' }), alone)?.cause, undefined);
});

test('Slurm knows why a job ended, and the program knows its code', () => {
  const failed = record({ code: 3 });
  assert.deepEqual(verdictOf(row({ state: 'FAILED' }), failed, alone), {
    code: 3,
    signal: undefined,
    cause: undefined,
  });
  assert.equal(verdictOf(row({ state: 'OUT_OF_MEMORY' }), record({ code: 137 }), alone)?.cause, 'out-of-memory');
  assert.equal(verdictOf(row({ state: 'NODE_FAIL' }), undefined, alone)?.cause, 'node-failed');
  assert.equal(verdictOf(row({ state: 'CANCELLED' }), undefined, { ...alone, cancelled: true })?.cause, 'cancelled');
});

test('without the word of the job nothing is decided that needs it', () => {
  assert.equal(verdictOf(row({ state: 'COMPLETED' }), undefined, alone), undefined);
  assert.equal(verdictOf(row({ state: 'FAILED', exit: { code: 1, signal: 0 } }), undefined, alone), undefined);
  assert.equal(withoutRecord(row({ state: 'COMPLETED' })).cause, 'lost');
  assert.equal(withoutRecord(row({ state: 'FAILED', exit: { code: 0, signal: 9 } })).code, 137);
});

test('a job that Slurm has forgotten is judged by its own record', () => {
  assert.equal(verdictOf(undefined, record(), alone)?.code, 0);
  assert.equal(verdictOf(undefined, record({ code: 4 }), alone)?.code, 4);
  assert.equal(verdictOf(undefined, undefined, alone), undefined);
});

test('a node without its GPUs, or without the folder, is faulty', () => {
  assert.equal(verdictOf(row({ state: 'FAILED' }), record({ code: 95, why: 'gpus' }), alone)?.cause, 'faulty-node');
  assert.equal(
    verdictOf(row({ state: 'FAILED', exit: { code: 96, signal: 0 } }), undefined, alone)?.cause,
    'faulty-node',
  );
});
