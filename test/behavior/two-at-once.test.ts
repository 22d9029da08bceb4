import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { finish, Rig } from '../support/rig.ts';

const value = { value: z.int() };

test('of two runs at once over one store, one runs a node and the other takes its result', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const use = rig.puppet('use', { value: z.int() }, { twice: z.int() });
  const build = () => use({ value: make({}).value });
  const first = await rig.run(build);
  const making = await rig.started('make');
  const second = await rig.run(build);
  assert.match((await second.saw('node-awaited', 'make')).owner, /run 0001/);
  await finish(making, { value: 1 });
  await finish(await rig.started('use'), { twice: 2 });

  const ends = [await first.ended(), await second.ended()];
  assert.deepEqual(
    ends.map(({ status, results }) => [status, results]),
    [
      ['succeeded', { twice: 2 }],
      ['succeeded', { twice: 2 }],
    ],
  );
  assert.deepEqual([rig.stage.count('make'), rig.stage.count('use')], [1, 1]);
  assert.equal((await second.saw('node-cached', 'make')).from, 'other-run');
});

test('when the first run fails at a node, the second tries it itself', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const first = await rig.run(() => make({}));
  const making = await rig.started('make');
  const second = await rig.run(() => make({}));
  await second.saw('node-awaited', 'make');
  making.exit(1);
  await finish(await rig.started('make'), { value: 1 });
  assert.deepEqual([(await first.ended()).status, (await second.ended()).status], ['failed', 'succeeded']);
});

test('a run that waits for another goes on with what does not depend on it', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const other = rig.puppet('other', {}, value);
  const first = await rig.run(() => make({}));
  const making = await rig.started('make');
  const second = await rig.run(() => ({ a: make({}).value, b: other({}).value }));
  await second.saw('node-awaited', 'make');
  await finish(await rig.started('other'), { value: 2 });
  await second.saw('node-finished', 'other');
  await finish(making, { value: 1 });
  await first.ended();
  assert.deepEqual((await second.ended()).results, { a: 1, b: 2 });
});
