import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newState, type NodeState } from '../../../runner/log/state.ts';
import { costLines } from '../../../runner/views/cost-lines.ts';
import { paint } from '../../../runner/views/paint.ts';

const node = (address: string, task: string, costs: NodeState['costs']) =>
  [address, { address, task, label: address, phase: 'done', attempt: 1, released: 0, costs } as NodeState] as const;

test('a run on a cluster tells what each task held and used, all attempts counted', () => {
  const state = {
    ...newState(),
    nodes: new Map([
      node('train', 'train', [
        { seconds: 3600, gpus: 8, cpus: 16, memoryGb: 64 },
        { seconds: 1800, gpus: 8, cpus: 16, memoryGb: 64, cpuSeconds: 14_400, peakMemoryGb: 41 },
      ]),
      node('score', 'score', [{ seconds: 36, gpus: 0, cpus: 1, cpuSeconds: 36 }]),
      node('local', 'local', undefined),
    ]),
  };
  assert.deepEqual(costLines(state, paint(false)), [
    '  cost   jobs  time        GPU h  CPU h  CPU used  memory used',
    '  train  2     1 h 30 min  12.0   24.0   50 %      41.0 GB of 64 GB',
    '  score  1     36 s        0.00   0.01   100 %',
    '  all    3     1 h 30 min  12.0   24.0   50 %      41.0 GB of 64 GB',
  ]);
});

test('what drivers before this one spent counts too, and what the cache saved stands below', () => {
  const state = {
    ...newState(),
    earlierCosts: [{ task: 'train', cost: { seconds: 3600, gpus: 8, cpus: 16 } }],
    nodes: new Map([node('train', 'train', [{ seconds: 1800, gpus: 8, cpus: 16 }])]),
    saved: { nodes: 3, seconds: 5400, gpuSeconds: 43_200, cpuSeconds: 3600 },
  };
  assert.deepEqual(costLines(state, paint(false)), [
    '  cost                jobs  time        GPU h  CPU h  CPU used  memory used',
    '  train               2     1 h 30 min  12.0   24.0',
    '  saved by the cache  3     1 h 30 min  12.0   1.00',
  ]);
});

test('a run on one machine has no such table', () => {
  assert.deepEqual(costLines({ ...newState(), nodes: new Map([node('a', 'a', undefined)]) }, paint(false)), []);
});
