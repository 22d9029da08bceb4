import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import { buildGraph } from '../../../pipelines/core/graph.ts';
import { refuseWrongResults } from '../../../pipelines/core/wanted.ts';
import { type Ref, task } from '../../../tasks/core/task.ts';

const convert = task({
  name: 'convert',
  inputs: { raw: z.string() },
  outputs: { episodes: z.array(z.int()), dataset: z.int() },
  command: () => ['true'],
});
const { episodes, dataset } = convert({ raw: 'a' });

/** What is said of what a build function gave. */
function said(returned: unknown): string | undefined {
  try {
    refuseWrongResults('mine', returned);
    return undefined;
  } catch (error) {
    assert.ok(Problem.is(error), String(error));
    assert.equal(error.code, 'wrong-results');
    return `${error.message} ${error.hint}`;
  }
}

const nothings: readonly (readonly [unknown, RegExp])[] = [
  [{}, /an empty record/],
  [[], /an empty list/],
  [{ a: [], b: {} }, /a record with no ref/],
  [null, /gave null/],
  [undefined, /gave undefined.*`return`/],
  [5, /the number 5/],
  ['model', /the text "model"/],
  [false, /gave false/],
  [Promise.resolve({ dataset }), /a promise.*without `async`/],
  [convert, /the task convert, which was not called/],
  [new Map([['dataset', dataset]]), /the class Map/],
  [new Date(0), /the class Date/],
];

for (const [nothing, words] of nothings) {
  test(`a build function that gives ${words.source.split('.')[0]} is told so`, () => {
    assert.match(said(nothing) ?? '', words);
  });
}

test('refs in lists and records of any depth, and all outputs of a call, are results', () => {
  for (const fine of [dataset, [dataset], { a: { b: [episodes] }, none: [] }, convert({ raw: 'b' })]) {
    assert.equal(said(fine), undefined);
  }
});

test('every result that is no ref is named, whatever else there is', () => {
  const words = said({ dataset, score: undefined, all: [episodes, 5], later: Promise.resolve(1) }) ?? '';
  assert.match(words, /score: undefined\n {2}all\.1: the number 5\n {2}later: a promise/);
});

test('a structure that holds itself is refused, not gone through for ever', () => {
  const round: Record<string, unknown> = { dataset };
  round.self = round;
  assert.match(said(round) ?? '', /self: /);
});

test('an `each` whose body gives nothing is refused', () => {
  const list: Ref<readonly number[]> = episodes;
  for (const body of [() => undefined, () => ({}), () => 5, async () => convert({ raw: 'b' })]) {
    assert.throws(() => buildGraph({ list: list.each<number, unknown>(body) }), /does nothing for its items/);
  }
});
