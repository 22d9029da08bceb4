import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { keyedList, task, stream } from '../../tasks/core/task.ts';
import { finish, outOf, Rig } from '../support/rig.ts';

const nothing = { done: 0, cached: 0, failed: 0, skipped: 0 };
const int = z.int();

/** Real tasks of the shell: a list of numbers, a sum, a concatenation. */
const list = task({
  name: 'list',
  inputs: { of: z.string() },
  outputs: { items: z.array(int) },
  command: ({ of }, out) => sh(`echo "[${of}]"`, out.items),
});
const add = task({
  name: 'add',
  inputs: { a: int, b: int.default(0) },
  outputs: { sum: int },
  command: ({ a, b }, out) => sh(`echo ${a + b}`, out.sum),
});
const split = task({
  name: 'split',
  inputs: { n: int },
  outputs: { items: z.array(int) },
  command: ({ n }, out) => sh(`echo "[${n}0,${n}1]"`, out.items),
});
const total = task({
  name: 'total',
  inputs: { all: z.array(int) },
  outputs: { total: int },
  command: ({ all }, out) => sh(`echo ${all.reduce((a, b) => a + b, 0)}`, out.total),
});

function sh(line: string, out: string): string[] {
  return ['sh', '-c', `${line} > "$0"`, out];
}

test('an empty list is gathered as an empty list', async (t) => {
  const rig = await Rig.start(t);
  const run = await rig.run(() => total({ all: list({ of: '' }).items.each((a) => add({ a }).sum) }));
  const end = await run.ended();
  assert.deepEqual([end.results, end.counts], [{ total: 0 }, { ...nothing, done: 2 }]);
});

test('a filter that keeps nothing gives an empty list', async (t) => {
  const rig = await Rig.start(t);
  const run = await rig.run(() =>
    total({
      all: list({ of: '1,2' })
        .items.filter(() => false)
        .each((a) => add({ a }).sum),
    }),
  );
  assert.deepEqual((await run.ended()).results, { total: 0 });
});

test('each over rows of each, and each inside each, give rows in the order of their lists', async (t) => {
  const rig = await Rig.start(t);
  const run = await rig.run(() => {
    const items = list({ of: '3,1,2' }).items;
    return {
      chained: items.each((a) => add({ a, b: 1 }).sum).each((a) => add({ a, b: 10 }).sum),
      nested: items.each((n) => split({ n }).items.each((a) => add({ a, b: n }).sum)),
      rows: items.each((a) => ({
        a,
        sums: total({ all: split({ n: a }).items.each((b) => add({ a, b }).sum) }).total,
      })),
    };
  });
  const { results } = await run.ended();
  const rowsOf = (name: string): unknown => plain(results[name]);
  assert.deepEqual(rowsOf('chained'), [14, 12, 13]);
  assert.deepEqual(rowsOf('nested'), [
    [33, 34],
    [11, 12],
    [22, 23],
  ]);
  assert.deepEqual(rowsOf('rows'), [
    { a: 3, sums: 67 },
    { a: 1, sums: 23 },
    { a: 2, sums: 45 },
  ]);
});

test('each inside each over the same list gives every pair', async (t) => {
  const rig = await Rig.start(t);
  const run = await rig.run(() => {
    const items = list({ of: '1,2' }).items;
    return { pairs: items.each((a) => items.each((b) => add({ a, b }).sum)) };
  });
  assert.deepEqual(plain((await run.ended()).results.pairs), [
    [2, 3],
    [3, 4],
  ]);
});

test('each over two lists gives every pair', async (t) => {
  const rig = await Rig.start(t);
  const run = await rig.run(() => {
    const left = list({ of: '1,2' }).items;
    const right = list({ of: '10,20' }).items;
    return { pairs: left.each((a) => right.each((b) => add({ a, b }).sum)) };
  });
  assert.deepEqual(plain((await run.ended()).results.pairs), [
    [11, 21],
    [12, 22],
  ]);
});

test('points of a sweep share the nodes that do not differ', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { value: int });
  const use = rig.puppet('use', { value: int, seed: int }, { twice: int });
  const run = await rig.run(() => [1, 2].map((seed) => ({ seed: use({ value: make({}).value, seed }).twice })));
  await finish(await rig.started('make'), { value: 1 });
  for (let i = 0; i < 2; i += 1) await finish(await rig.started('use'), { twice: 2 });
  assert.deepEqual((await run.ended()).counts, { ...nothing, done: 3 });
  assert.equal(rig.stage.count('make'), 1);
});

test('items of a keyed list have their keys in addresses, in the order of keys, whatever else the list holds', async (t) => {
  const rig = await Rig.start(t);
  const episodes = task({
    name: 'episodes',
    inputs: { text: z.string() },
    outputs: { list: keyedList(z.object({ uuid: z.string(), n: int }), 'uuid') },
    command: ({ text }, out) => ['sh', '-c', 'printf %s "$1" > "$0"', out.list, text],
  });
  const build = (list: { uuid: string; n: number }[]) => () =>
    total({ all: episodes({ text: JSON.stringify(list) }).list.each((item) => add({ a: item.at('n') }).sum) });
  const first = await rig.run(
    build([
      { uuid: 'b', n: 1 },
      { uuid: 'c', n: 2 },
    ]),
  );
  assert.deepEqual((await first.ended()).results, { total: 3 });
  const second = await rig.run(
    build([
      { uuid: 'c', n: 2 },
      { uuid: 'a', n: 5 },
      { uuid: 'b', n: 1 },
    ]),
  );
  assert.deepEqual((await second.ended()).counts, { ...nothing, done: 3, cached: 2 });
  assert.deepEqual(second.of('node-cached').sort(), ['add[b]', 'add[c]']);
  const twice = await rig.run(
    build([
      { uuid: 'a', n: 1 },
      { uuid: 'a', n: 2 },
    ]),
  );
  assert.equal((await twice.ended()).status, 'failed');
});

test('calls that turn out to be the same share one job, its stream included', async (t) => {
  const rig = await Rig.start(t);
  const same = rig.puppet('same', { of: int }, { value: int });
  const train = rig.puppet('train', { seed: int }, { checkpoints: stream(z.object({ step: int })) });
  const score = rig.puppet('score', { step: int }, { score: int });
  const run = await rig.run(() =>
    [1, 2].map((of) =>
      train({ seed: same({ of }).value }).checkpoints.each((item) => score({ step: item.at('step') }).score),
    ),
  );
  for (let i = 0; i < 2; i += 1) await finish(await rig.started('same'), { value: 7 });
  const training = await rig.started('train');
  await training.write(join(outOf(training, 'checkpoints'), '100'), '{"step":100}');
  await finish(await rig.started('score'), { score: 5 });
  await run.saw('node-cached'); // the score of the other call
  training.exit();
  const end = await run.ended();
  assert.deepEqual([rig.stage.count('train'), rig.stage.count('score')], [1, 1]);
  assert.equal(end.status, 'succeeded');
  assert.deepEqual(plain(end.results), { result: [[5], [5]] });
});

test('until runs one node and what it needs', async (t) => {
  const rig = await Rig.start(t);
  const build = () => {
    const items = list({ of: '1,2' }).items;
    const rows = items.each((a) => add({ a: add({ a, b: 1 }).sum, b: 10 }).sum);
    return { total: total({ all: rows }).total, other: split({ n: 1 }).items };
  };
  const first = await rig.run(build, { until: 'add' });
  assert.deepEqual((await first.ended()).counts, { ...nothing, done: 3 });
  assert.deepEqual(first.of('node-finished').sort(), ['add[0]', 'add[1]', 'list']);
  const all = await rig.run(build);
  assert.deepEqual((await all.ended()).counts, { ...nothing, done: 4, cached: 3 });
});

test('force runs a node that is known, and what depends on it only if its result is another', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { value: int });
  const use = rig.puppet('use', { value: int }, { twice: int });
  const build = () => use({ value: make({}).value });
  const first = await rig.run(build);
  await finish(await rig.started('make'), { value: 1 });
  await finish(await rig.started('use'), { twice: 2 });
  await first.ended();
  const second = await rig.run(build, { force: ['make'] });
  await finish(await rig.started('make'), { value: 1 });
  assert.deepEqual((await second.ended()).counts, { ...nothing, done: 1, cached: 1 });
});

/** A result of the run without the marks of streams. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('$stream' in value) return (value.$stream as { value: unknown }[]).map((item) => plain(item.value));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
