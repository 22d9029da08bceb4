import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { isRunning } from '../support/is-running.ts';
import { finish, Rig } from '../support/rig.ts';

const value = { value: z.int() };

test('a stopped run tells its jobs, ends as cancelled, and a new run finishes', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const use = rig.puppet('use', { value: z.int() }, { twice: z.int() });
  const build = () => use({ value: make({}).value });
  const first = await rig.run(build);
  await finish(await rig.started('make'), { value: 1 });
  const using = await rig.started('use');
  first.stop();
  await using.gone;
  const end = await first.ended();
  assert.equal(end.status, 'cancelled');
  assert.deepEqual(end.counts, { done: 1, cached: 0, failed: 0, skipped: 0 });
  assert.equal((await first.saw('node-failed', 'use')).failure.code, 'cancelled');

  const second = await rig.run(build);
  await finish(await rig.started('use'), { twice: 2 });
  assert.deepEqual((await second.ended()).counts, { done: 1, cached: 1, failed: 0, skipped: 0 });
  assert.equal((await second.saw('node-queued', 'use')).reason, 'it did not end before');
});

test('a job that does not listen is killed after the grace time, with all that it started', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const run = await rig.run(() => make({}), { graceMs: 100 });
  const puppet = await rig.started('make');
  const left = await puppet.leave();
  await puppet.ignoreTerm();
  run.stop();
  assert.equal((await run.ended()).status, 'cancelled');
  assert.deepEqual([puppet.pid, left].filter(isRunning), []);
});

test('the second interrupt kills at once', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const run = await rig.run(() => make({}), { graceMs: 600_000 });
  const puppet = await rig.started('make');
  await puppet.ignoreTerm();
  run.stop();
  run.kill();
  assert.equal((await run.ended()).status, 'cancelled');
  assert.equal(isRunning(puppet.pid), false);
});

test('nothing starts in a run that is stopped before it begins', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const run = await rig.run(() => make({}));
  run.stop();
  await run.ended();
  const again = await rig.run(() => make({}));
  await finish(await rig.started('make'), { value: 1 });
  assert.equal((await again.ended()).status, 'succeeded');
});
