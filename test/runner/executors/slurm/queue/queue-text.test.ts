import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseAccounts,
  parseJobs,
  parseQueue,
  secondsOf,
} from '../../../../../runner/executors/slurm/queue/queue-text.ts';

test('a line of squeue is a row', () => {
  const [row] = parseQueue('20_3|RUNNING|1|N/A|2026-11-26T17:05:34|1-02:03:04|n[1-2]|None|train.x9\n');
  assert.deepEqual(row, {
    id: '20',
    index: 3,
    name: 'train.x9',
    state: 'RUNNING',
    reason: 'None',
    restarts: 1,
    exit: undefined,
    nodes: 'n[1-2]',
    startsAt: Date.parse('2026-11-26T17:05:34'),
    limitSeconds: 93_784,
  });
});

test('a name may hold bars; an exit status is taken apart', () => {
  const [row] = parseQueue('7|FAILED|0|768|N/A|UNLIMITED||NonZeroExitCode|a|b');
  assert.equal(row?.name, 'a|b');
  assert.deepEqual(row?.exit, { code: 3, signal: 0 });
  assert.equal(row?.limitSeconds, undefined);
  assert.deepEqual(parseQueue('7|FAILED|0|9|N/A|1:00||x|a')[0]?.exit, { code: 0, signal: 9 });
});

test('what is no row is passed over', () => {
  assert.deepEqual(parseQueue('\nslurm_load_jobs error\n'), []);
});

test('elements of an array that wait are one record of scontrol, and rows of their own', () => {
  const text =
    'JobId=21 ArrayJobId=20 ArrayTaskId=2-4,7%3 JobName=a.x9 UserId=root(0) JobState=PENDING Reason=JobArrayTaskLimit Restarts=0 ExitCode=0:0 NodeList=(null) TimeLimit=00:05:00 StartTime=Unknown\n' +
    'JobId=5 JobName=b JobState=FAILED Reason=launch_failed_requeued_held Restarts=2 ExitCode=3:0 NodeList=n2 TimeLimit=UNLIMITED StartTime=2026-11-26T17:05:34\n';
  const rows = parseJobs(text);
  assert.deepEqual(
    rows.map(({ id, index, name }) => [id, index, name]),
    [
      ['20', 2, 'a.x9'],
      ['20', 3, 'a.x9'],
      ['20', 4, 'a.x9'],
      ['20', 7, 'a.x9'],
      ['5', undefined, 'b'],
    ],
  );
  assert.deepEqual(rows[4]?.exit, { code: 3, signal: 0 });
  assert.equal(rows[4]?.reason, 'launch failed requeued held');
});

test('accounting tells who cancelled; only the state counts', () => {
  const [row] = parseAccounts('20_1|CANCELLED by 1000|0:15|5|2026-11-26T17:05:34|n1|a.x9');
  assert.deepEqual([row?.id, row?.index, row?.state, row?.limitSeconds], ['20', 1, 'CANCELLED', 300]);
});

test('limits are read in all their forms', () => {
  assert.deepEqual(['1:30', '2:00:00', '3-00:00:01', 'UNLIMITED', undefined].map(secondsOf), [
    90,
    7200,
    259_201,
    undefined,
    undefined,
  ]);
});
