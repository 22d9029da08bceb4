import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { buildGraph } from '../../../pipelines/core/graph.ts';
import { Problem } from '../../../cache/problem.ts';
import { type Ref, stream, task } from '../../../tasks/core/task.ts';

const int = z.int();
const list = task({
  name: 'list',
  inputs: { n: int.default(0) },
  outputs: { items: stream(int) },
  command: () => ['x'],
});
const add = task({ name: 'add', inputs: { a: int, b: int.default(0) }, outputs: { sum: int }, command: () => ['x'] });
const gather = task({ name: 'gather', inputs: { all: z.array(int) }, outputs: { n: int }, command: () => ['x'] });
const addresses = (wanted: unknown): string[] => buildGraph(wanted).order.map(({ address }) => address);

test('dependencies come first', () => {
  assert.deepEqual(addresses(gather({ all: [add({ a: add({ a: 1 }).sum }).sum] })), ['add', 'add~2', 'gather']);
});

test('only what the wanted refs reach is in the graph', () => {
  add({ a: 5 });
  assert.deepEqual(addresses({ n: add({ a: 1 }).sum }), ['add']);
});

test('identical calls are one node', () => {
  assert.deepEqual(addresses([add({ a: 1 }).sum, add({ a: 1 }).sum, add({ a: 2 }).sum]), ['add', 'add~2']);
});

test('the same program gives the same addresses and the same digest', () => {
  const build = () => list({}).items.each((a) => add({ a }).sum);
  assert.equal(buildGraph(build()).digest, buildGraph(build()).digest);
  assert.deepEqual(addresses(build()), ['list', 'add', 'each']);
});

test('another edge or another name is another digest', () => {
  const digests = [{ a: add({ a: 1 }).sum }, { b: add({ a: 1 }).sum }, { a: add({ a: add({ a: 1 }).sum }).sum }].map(
    (wanted) => buildGraph(wanted).digest,
  );
  assert.equal(new Set(digests).size, 3);
});

test('each over one list share their items', () => {
  const { items } = list({});
  const graph = buildGraph([items.each((a) => add({ a }).sum), items.each((a) => add({ a: add({ a }).sum }).sum)]);
  assert.deepEqual(
    graph.order.map(({ address }) => address),
    ['list', 'add', 'each', 'add~2', 'each~2'],
  );
  assert.deepEqual(graph.byAddress.get('add')?.scope, graph.byAddress.get('add~2')?.scope);
});

test('each inside each over one list has two items', () => {
  const { items } = list({});
  const graph = buildGraph(items.each((a) => items.each((b) => add({ a, b }).sum)));
  assert.equal(graph.byAddress.get('add')?.scope.length, 2);
  assert.equal(graph.byAddress.get('each')?.scope.length, 1);
  assert.equal(graph.byAddress.get('each~2')?.scope.length, 0);
});

test('an inner each that does not use the outer item is no part of it', () => {
  const { items } = list({});
  const graph = buildGraph(items.each((a) => ({ a, all: gather({ all: items.each((b) => add({ a: b }).sum) }).n })));
  assert.deepEqual(graph.byAddress.get('gather')?.scope, []);
});

test('an item used outside its each is refused', () => {
  let leaked: Ref<number> | undefined;
  list({}).items.each((a) => {
    leaked = a;
    return a;
  });
  const isRefused = (error: unknown): boolean => Problem.is(error) && error.code === 'item-outside-each';
  assert.throws(() => buildGraph({ leaked }), isRefused);
  assert.throws(() => buildGraph(add({ a: leaked as Ref<number> })), isRefused);
});

test('chains and nests are as deep as they like', () => {
  let value: Ref<number> | number = 0;
  for (let i = 0; i < 20_000; i += 1) value = add({ a: value }).sum;
  assert.equal(buildGraph({ value }).order.length, 20_000);
});
