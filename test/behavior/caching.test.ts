import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { outOf, Rig } from '../support/rig.ts';

test('a second run starts no job', async (t) => {
  const rig = await Rig.start(t);
  const add = rig.puppet('add', { a: z.int(), b: z.int().default(1) }, { sum: z.int() });
  const build = () => ({ total: add({ a: add({ a: 1 }).sum }).sum });

  const first = await rig.run(build);
  for (const sum of ['2', '3']) {
    const puppet = await rig.started('add');
    await puppet.write(outOf(puppet, 'sum'), sum);
    puppet.exit();
  }
  assert.deepEqual((await first.ended()).results, { total: 3 });

  const second = await rig.run(build);
  const end = await second.ended();
  assert.deepEqual(end.counts, { done: 0, cached: 2, failed: 0, skipped: 0 });
  assert.deepEqual(end.results, { total: 3 });
  assert.equal(rig.stage.count('add'), 2);
});

test('a rerun that gives the same result stops there', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', { seed: z.int() }, { value: z.int() });
  const use = rig.puppet('use', { value: z.int() }, { twice: z.int() });
  const build = (seed: number) => () => ({ twice: use({ value: make({ seed }).value }).twice });

  const first = await rig.run(build(1));
  const making = await rig.started('make');
  await making.write(outOf(making, 'value'), '7');
  making.exit();
  const using = await rig.started('use');
  await using.write(outOf(using, 'twice'), '14');
  using.exit();
  await first.ended();

  const plan = await rig.plan(build(2));
  assert.deepEqual(
    plan.nodes.map(({ address, state, reason }) => [address, state, reason]),
    [
      ['make', 'run', 'input seed 1 -> 2'],
      ['use', 'unknown', 'it depends on make'],
    ],
  );
  const second = await rig.run(build(2));
  const again = await rig.started('make');
  await again.write(outOf(again, 'value'), '7');
  again.exit();
  assert.deepEqual((await second.ended()).counts, { done: 1, cached: 1, failed: 0, skipped: 0 });
});

test('identical calls are one job', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', { seed: z.int().default(1) }, { value: z.int() });
  const run = await rig.run(() => ({ a: make({}).value, b: make({}).value, c: make({ seed: 1 }).value }));
  const making = await rig.started('make');
  await making.write(outOf(making, 'value'), '7');
  making.exit();
  assert.deepEqual((await run.ended()).results, { a: 7, b: 7, c: 7 });
  assert.equal(rig.stage.count('make'), 1);
});

test('a value is the same whether it is fresh or comes from the store, to the order of its keys', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { scores: z.record(z.string(), z.int()) });
  const use = rig.puppet('use', { scores: z.record(z.string(), z.int()) }, { n: z.int() });
  const build = () => use({ scores: make({}).scores });
  const first = await rig.run(build);
  const making = await rig.started('make');
  await making.write(outOf(making, 'scores'), '{"z":1,"a":2}');
  making.exit();
  const using = await rig.started('use');
  await using.write(outOf(using, 'n'), '1');
  using.exit();
  await first.ended();
  assert.equal((await (await rig.run(build)).ended()).counts.cached, 2);
});
