import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { buildGraph } from '../../../pipelines/core/graph.ts';
import { type CallOptions, task } from '../../../tasks/core/task.ts';

const train = task({
  name: 'train',
  inputs: {
    steps: z.int().default(10),
    seed: z.int().default(0),
    note: z.string().default(''),
    deep: z.object({ rate: z.number() }).default({ rate: 1 }),
    after: z.int().optional(),
  },
  outputs: { n: z.int() },
  command: () => ['x'],
});
type Given = Parameters<typeof train>[0];
const labels = (calls: readonly (readonly [Given, CallOptions?])[]): string[] =>
  buildGraph(calls.map(([inputs, options]) => train(inputs, options).n)).order.map(({ label }) => label);

test('one call is called by its task', () => {
  assert.deepEqual(labels([[{ seed: 3 }]]), ['train']);
});

test('calls of one task are told apart by the inputs in which they differ', () => {
  assert.deepEqual(labels([[{ seed: 1, steps: 5 }], [{ seed: 2, steps: 5 }]]), ['train seed=1', 'train seed=2']);
});

test('inputs inside inputs are told by their path', () => {
  assert.deepEqual(labels([[{ deep: { rate: 1 } }], [{ deep: { rate: 2 } }]]), [
    'train deep.rate=1',
    'train deep.rate=2',
  ]);
});

test('long values are cut', () => {
  const [label = ''] = labels([[{ note: 'a'.repeat(100) }], [{ note: 'b' }]]);
  assert.ok(label.length < 40 && label.endsWith('…'));
});

test('calls that differ in refs only keep their address', () => {
  const graph = buildGraph([train({ after: train({}).n }).n]);
  assert.equal(new Set(graph.order.map(({ label }) => label)).size, 2);
});

test('a label that is given is used, and equal labels are told apart by address', () => {
  assert.deepEqual(
    labels([
      [{ seed: 1 }, { label: 'best' }],
      [{ seed: 2 }, { label: 'best' }],
    ]),
    ['best (train)', 'best (train~2)'],
  );
});
