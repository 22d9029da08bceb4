import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { buildGraph } from '../../../pipelines/core/graph.ts';
import { Dataflow } from '../../../runner/dataflow/dataflow.ts';
import { endpoint, service, stream, task } from '../../../tasks/core/task.ts';

const int = z.int();
const train = task({ name: 'train', inputs: {}, outputs: { items: stream(int), loss: int }, command: () => ['x'] });
const score = task({ name: 'score', inputs: { n: int }, outputs: { s: int }, command: () => ['x'] });
const gather = task({ name: 'gather', inputs: { all: z.array(int) }, outputs: { n: int }, command: () => ['x'] });

const items = (...keys: string[]) => ({ items: keys.map((key) => ({ key, value: Number(key) })) });
const readyIn = (flow: Dataflow): string[] => flow.takeReady().map(({ address }) => address);

test('a node is ready once all its inputs have values', () => {
  const { loss } = train({});
  const flow = new Dataflow(buildGraph(gather({ all: [loss, score({ n: loss }).s] })));
  assert.deepEqual(readyIn(flow), ['train']);
  flow.finish('train', { ...{ items: items() }, loss: { value: 3 } });
  assert.deepEqual(readyIn(flow), ['score']);
  flow.finish('score', { s: { value: 4 } });
  assert.deepEqual(
    flow.takeReady().map(({ inputs }) => inputs),
    [{ all: [3, 4] }],
  );
});

test('an item is on its way as soon as it is released, and once', () => {
  const flow = new Dataflow(buildGraph(gather({ all: train({}).items.each((n) => score({ n }).s) })));
  flow.takeReady();
  flow.release('train', 'items', { key: '10', value: 10 });
  flow.release('train', 'items', { key: '10', value: 10 });
  assert.deepEqual(readyIn(flow), ['score[10]']);
  flow.finish('train', { items: items('9', '10'), loss: { value: 0 } });
  assert.deepEqual(readyIn(flow), ['score[9]']);
});

test('keys that hold commas, of items of two lists, never make two choices one', () => {
  const other = task({ name: 'other', inputs: {}, outputs: { items: stream(int) }, command: () => ['x'] });
  const pair = task({ name: 'pair', inputs: { a: int, b: int }, outputs: { s: int }, command: () => ['x'] });
  const [left, right] = [train({}), other({})];
  const table = left.items.each((a) => gather({ all: right.items.each((b) => pair({ a, b }).s) }).n);
  const flow = new Dataflow(buildGraph(gather({ all: table })));
  flow.takeReady();
  flow.finish('train', { ...{ items: items('1', '1,1') }, loss: { value: 0 } });
  flow.finish('other', { items: items('1,1', '1') });
  assert.deepEqual(new Set(readyIn(flow)).size, 4);
});

test('rows stand in the order of their items, whatever finishes first', () => {
  const flow = new Dataflow(buildGraph(gather({ all: train({}).items.each((n) => score({ n }).s) })));
  flow.takeReady();
  flow.release('train', 'items', { key: '10', value: 10 });
  flow.finish('train', { items: items('9', '10'), loss: { value: 0 } });
  flow.takeReady();
  flow.finish('score[10]', { s: { value: 100 } });
  assert.deepEqual(readyIn(flow), []);
  flow.finish('score[9]', { s: { value: 90 } });
  assert.deepEqual(
    flow.takeReady().map(({ inputs }) => inputs),
    [{ all: [90, 100] }],
  );
});

test('an item of a failed attempt that the list does not have in the end has no row', () => {
  const flow = new Dataflow(buildGraph(gather({ all: train({}).items.each((n) => score({ n }).s) })));
  flow.takeReady();
  flow.release('train', 'items', { key: '1', value: 1 });
  flow.release('train', 'items', { key: '2', value: 2 });
  flow.takeReady();
  flow.finish('score[1]', { s: { value: 1 } });
  flow.finish('score[2]', { s: { value: 2 } });
  flow.finish('train', { items: items('2'), loss: { value: 0 } });
  assert.deepEqual(
    flow.takeReady().map(({ inputs }) => inputs),
    [{ all: [2] }],
  );
});

test('a failure skips what depends on it and names itself as the cause', () => {
  const flow = new Dataflow(
    buildGraph([gather({ all: train({}).items.each((n) => score({ n }).s) }).n, score({ n: 1 }).s]),
  );
  assert.deepEqual(readyIn(flow).sort(), ['score~2', 'train']);
  flow.fail('train');
  assert.deepEqual(
    flow.takeSkipped().map(({ address, because }) => [address, because]),
    [['gather', 'train']],
  );
  flow.finish('score~2', { s: { value: 1 } });
  assert.deepEqual(flow.takeSkipped(), []);
});

test('a list of ten thousand items settles in moments', () => {
  const flow = new Dataflow(buildGraph(gather({ all: train({}).items.each((n) => score({ n }).s) })));
  flow.takeReady();
  const keys = Array.from({ length: 10_000 }, (_, i) => String(i));
  const startedAt = performance.now();
  flow.finish('train', { items: items(...keys), loss: { value: 0 } });
  for (const { address } of flow.takeReady()) flow.finish(address, { s: { value: 1 } });
  assert.deepEqual(readyIn(flow), ['gather']);
  assert.ok(performance.now() - startedAt < 5_000, `${Math.round(performance.now() - startedAt)} ms`);
});

const serve = service({
  name: 'serve',
  inputs: { n: int },
  ready: { http: '/', withinSeconds: 1 },
  command: () => ['x'],
});
const use = task({ name: 'use', inputs: { at: endpoint, n: int }, outputs: { s: int }, command: () => ['x'] });
const up = { endpoint: { value: 'where it is' } };

test('a service is wanted as long as a list may still bring somebody who takes it', () => {
  const flow = new Dataflow(
    buildGraph(
      (() => {
        const at = serve({ n: 1 });
        return train({}).items.each((n) => use({ at, n }).s);
      })(),
    ),
  );
  flow.takeReady();
  flow.finish('serve', up);
  flow.release('train', 'items', { key: '1', value: 1 });
  flow.takeReady();
  flow.finish('use[1]', { s: { value: 1 } });
  assert.equal(flow.isWanted('serve'), true);
  flow.finish('train', { items: items('1', '2'), loss: { value: 0 } });
  assert.equal(flow.isWanted('serve'), true);
  flow.takeReady();
  flow.finish('use[2]', { s: { value: 1 } });
  assert.equal(flow.isWanted('serve'), false);
});

test("a service of an item is wanted by the item's own copies, and by whoever gathers endpoints", () => {
  const all = task({ name: 'all', inputs: { at: z.array(endpoint) }, outputs: { s: int }, command: () => ['x'] });
  const flow = new Dataflow(
    buildGraph(
      (() => {
        const rows = train({}).items.each((n) => {
          const at = serve({ n });
          return { at, s: use({ at, n }).s };
        });
        const apart = train({}).items.each((n) => use({ at: serve({ n: 7 }), n }).s);
        return [all({ at: rows.each((row) => row.at('at')) }), apart];
      })(),
    ),
  );
  flow.takeReady();
  flow.finish('train', { items: items('1', '2'), loss: { value: 0 } });
  flow.takeReady();
  for (const address of ['serve[1]', 'serve[2]', 'serve~2']) flow.finish(address, up);
  flow.takeReady();
  flow.finish('use[1]', { s: { value: 1 } });
  assert.equal(flow.isWanted('serve[1]'), true, 'for `all`');
  flow.finish('use[2]', { s: { value: 1 } });
  flow.takeReady();
  flow.finish('all', { s: { value: 1 } });
  assert.deepEqual(
    ['serve[1]', 'serve[2]', 'serve~2'].filter((address) => flow.isWanted(address)),
    ['serve~2'],
  );
  flow.fail('use~2[1]');
  flow.fail('use~2[2]');
  assert.equal(flow.isWanted('serve~2'), false);
});
