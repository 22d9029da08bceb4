import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeState } from '../../../runner/log/state.ts';
import { hours, runningWords, waitingWords } from '../../../runner/views/cluster-words.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const queueStatus = {
  id: '7_3',
  state: 'PENDING',
  reason: 'Resources',
  host: '',
  startsAt: undefined,
  startedAt: undefined,
  limitSeconds: 7200,
} as const;

test('a job that waits says why, and until when as far as that is known', () => {
  assert.equal(waitingWords({ queueStatus, expectedSeconds: undefined }, now), 'job 7_3 waits: Resources');
  const soon = waitingWords(
    { queueStatus: { ...queueStatus, startsAt: now + 720_000 }, expectedSeconds: undefined },
    now,
  );
  assert.match(soon, /^job 7_3 waits: Resources, starts about \d\d:\d\d \(in 12 min 00 s\)$/);
  assert.equal(waitingWords({ queueStatus: undefined, expectedSeconds: undefined }, now), 'with the scheduler');
});

test('a job that runs says where, its limit, and what it has cost of what is to be expected', () => {
  const node = { startedAt: now - 3_600_000, resources: { gpus: 8 }, host: 'n1' } as unknown as NodeState;
  assert.equal(
    runningWords(node, { queueStatus: { ...queueStatus, host: 'n[1-2]' }, expectedSeconds: 5400 }, now),
    'on n[1-2], limit 2 h 00 min, 8.00 of about 12.0 GPU h',
  );
  assert.equal(runningWords({ ...node, resources: {} }, { queueStatus: undefined, expectedSeconds: 9 }, now), 'on n1');
});

test('hours have as many digits as tell something', () => {
  assert.deepEqual([36, 36_000, 3_600_000].map(hours), ['0.01', '10.0', '1000']);
});
