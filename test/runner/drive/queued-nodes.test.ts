import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { buildGraph } from '../../../pipelines/core/graph.ts';
import { type Placing, type QueuedNode, QueuedNodes } from '../../../runner/drive/queued-nodes.ts';
import { noTries } from '../../../runner/log/tries.ts';
import { task } from '../../../tasks/core/task.ts';

const int = z.int();
const load = task({ name: 'load', inputs: { n: int }, outputs: { n: int }, command: () => ['x'] });
const train = task({ name: 'train', inputs: { n: int }, outputs: { n: int }, command: () => ['x'] });

/** `load` is followed by `train`; `load~2` and `load~3` by nothing. */
const graph = buildGraph([train(load({ n: 1 })).n, load({ n: 2 }).n, load({ n: 3 }).n]);

function queued(address: string): QueuedNode {
  const of = graph.byAddress.get(address) ?? assert.fail(`no ${address} in the graph`);
  const call = { instance: { address, of } } as QueuedNode['call'];
  return { call, reason: '', isForced: false, attempt: 1, tries: noTries };
}

async function orderOf(queue: QueuedNodes): Promise<string[]> {
  return (await queue.inOrder()).map(({ call }) => call.instance.address);
}

test('what has the longest way before it goes first, and what never ran counts as short', async () => {
  const seconds: Record<string, number> = { train: 100, 'load~3': 50 };
  const queue = new QueuedNodes(graph, (address) => seconds[address]);
  for (const address of ['load~2', 'load~3', 'load']) queue.add(queued(address));
  assert.deepEqual(await orderOf(queue), ['load', 'load~3', 'load~2']);
});

test('what has the same way before it goes in the order of the graph', async () => {
  const queue = new QueuedNodes(graph, () => 1);
  for (const address of ['load~3', 'load~2', 'train']) queue.add(queued(address));
  assert.deepEqual(await orderOf(queue), ['train', 'load~2', 'load~3']);
});

test('what is queued later takes its place among those that wait', async () => {
  const queue = new QueuedNodes(graph, () => 1);
  queue.add(queued('load~3'));
  assert.deepEqual(await orderOf(queue), ['load~3']);
  queue.add(queued('load'));
  assert.deepEqual(await orderOf(queue), ['load', 'load~3']);
});

test('those that wait can be gone over while they leave the queue and others come', async () => {
  const queue = new QueuedNodes(graph, () => 1);
  for (const address of ['load~2', 'load~3']) queue.add(queued(address));
  const met: string[] = [];
  for (const node of await queue.inOrder()) {
    queue.add(queued('train'));
    queue.remove(node);
    met.push(node.call.instance.address);
  }
  assert.deepEqual(met, ['load~2', 'load~3']);
  assert.deepEqual(await orderOf(queue), ['train', 'train']);
});

test('where a node goes is worked out once, however often it waits, and anew for its next attempt', () => {
  const queue = new QueuedNodes(graph, () => 1);
  let times = 0;
  const work = (): Placing => {
    times += 1;
    return { executor: 'local', resources: {}, services: [], together: {} };
  };
  const first = queued('load');
  queue.add(first);
  assert.equal(queue.placing(first, work), queue.placing(first, work));
  assert.equal(times, 1);
  queue.remove(first);
  queue.placing({ ...first, attempt: 2 }, work);
  assert.equal(times, 2);
});

test('a node that another run works on is awaited until it leaves the queue', () => {
  const queue = new QueuedNodes(graph, () => 1);
  const node = queued('load');
  queue.add(node);
  assert.equal(queue.awaitsOthers, false);
  queue.await(node, 'run 0001');
  assert.deepEqual([queue.isAwaited(node), queue.awaitsOthers], [true, true]);
  queue.remove(node);
  assert.deepEqual([queue.isAwaited(node), queue.awaitsOthers, queue.at('load')], [false, false, undefined]);
});
