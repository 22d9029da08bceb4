import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paint } from '../../../runner/views/paint.ts';
import { planLines } from '../../../runner/views/plan-lines.ts';

const shared = { task: 't', perItem: false } as const;

test('a plan says what will run and why, what may, and what is known', () => {
  const nodes = [
    { ...shared, address: 'a', label: 'download', state: 'cached', reason: 'its result is known' },
    {
      ...shared,
      address: 'b',
      label: 'train seed=1',
      state: 'run',
      reason: 'input steps 20000 -> 40000',
      seconds: 543,
    },
    { ...shared, address: 'c', label: 'stats', state: 'run', reason: 'it never ran before' },
    {
      ...shared,
      address: 'd',
      label: 'rollout',
      state: 'unknown',
      reason: 'it depends on train seed=1',
      perItem: true,
    },
  ] as const;
  assert.deepEqual(
    planLines(
      'demo',
      { nodes, refusals: [{ nodes: ['stats'], what: 'it asks for 8 GPUs and this machine has 0' }] },
      paint(false),
    ),
    [
      '● train seed=1 will run: input steps 20000 -> 40000 (took 9 min 03 s before)',
      '● stats will run: it never ran before',
      '? rollout, per item: it depends on train seed=1',
      '✓ download: cached',
      '',
      'demo: 2 will run, 1 may run, 1 cached; one after another about 9 min 03 s for 1 of the 2, by earlier runs',
      '',
      'This machine cannot run it:',
      '  stats: it asks for 8 GPUs and this machine has 0',
    ],
  );
});

test('a plan without work says so', () => {
  const nodes = [{ ...shared, address: 'a', label: 'a', state: 'cached', reason: '' }] as const;
  assert.deepEqual(planLines('demo', { nodes, refusals: [] }, paint(false)), [
    '✓ demo: nothing to do: its 1 node is known',
  ]);
});
