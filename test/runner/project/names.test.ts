import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { buildGraph } from '../../../pipelines/core/graph.ts';
import { Problem } from '../../../cache/problem.ts';
import { ancestorsOf, findNode } from '../../../runner/project/names.ts';
import { task } from '../../../tasks/core/task.ts';

const int = z.int();
const list = task({ name: 'list', inputs: {}, outputs: { items: z.array(int) }, command: () => ['x'] });
const first = task({ name: 'first', inputs: { a: int }, outputs: { n: int }, command: () => ['x'] });
const second = task({
  name: 'second',
  inputs: { a: int, seed: int.default(0) },
  outputs: { n: int },
  command: () => ['x'],
});

test('a node is found by its address, its label and a beginning that fits no other', () => {
  const graph = buildGraph([1, 2].map((seed) => second({ a: 0, seed }).n));
  assert.equal(findNode(graph, 'second~2'), 'second~2');
  assert.equal(findNode(graph, 'second seed=2'), 'second~2');
  assert.equal(findNode(buildGraph([first({ a: 1 }).n]), 'fir'), 'first');
});

test('a name that fits no node or several is refused', () => {
  const graph = buildGraph([1, 2].map((seed) => second({ a: 0, seed }).n));
  const hasCode = (code: string) => (error: unknown) => Problem.is(error) && error.code === code;
  assert.throws(() => findNode(graph, 'sec'), hasCode('ambiguous-node'));
  assert.throws(() => findNode(graph, 'third'), hasCode('no-such-node'));
});

test('a template needs the each around it and its list, and nothing else of the body', () => {
  const graph = buildGraph(list({}).items.each((a) => second({ a: first({ a }).n }).n));
  assert.deepEqual([...ancestorsOf(graph, 'first')].sort(), ['each', 'first', 'list']);
  assert.deepEqual([...ancestorsOf(graph, 'second')].sort(), ['each', 'first', 'list', 'second']);
});
