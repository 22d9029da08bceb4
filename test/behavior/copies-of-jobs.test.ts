import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { handingOnCopies } from '../support/copies-of-jobs.ts';
import { finish, Rig } from '../support/rig.ts';

test('a run ends although its executor hands on copies of its jobs', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { n: z.int() });
  const use = rig.puppet('use', { n: z.int() }, { n: z.int() });
  const run = await rig.run(() => ({ n: use({ n: make({}).n }).n }), { handOn: handingOnCopies });
  await finish(await rig.started('make'), { n: 1 });
  await finish(await rig.started('use'), { n: 2 });
  assert.equal((await run.ended()).status, 'succeeded');
});

test('a job that is told to stop through a copy ends', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { n: z.int() });
  const run = await rig.run(() => ({ n: make({}).n }), { handOn: handingOnCopies });
  const puppet = await rig.started('make');
  run.stop();
  await puppet.gone;
  assert.equal((await run.ended()).status, 'cancelled');
});
