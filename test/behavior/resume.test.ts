import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { stream } from '../../tasks/core/task.ts';
import { folder } from '../../tasks/kinds/folder.ts';
import { finish, outOf, Rig } from '../support/rig.ts';

const item = z.object({ step: z.int() });

test('a task that resumes goes on in the folder of the attempt that failed', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { model: folder }, { onPreempt: 'resume' });
  const first = await rig.run(() => train({}));
  const dying = await rig.started('train');
  await dying.write(join(outOf(dying, 'model'), 'half'), 'half of it');
  dying.kill();
  assert.equal((await first.ended()).status, 'failed');

  const second = await rig.run(() => train({}));
  const again = await rig.started('train');
  assert.equal(await again.read(join(outOf(again, 'model'), 'half')), 'half of it');
  again.exit();
  assert.equal((await second.ended()).status, 'succeeded');
});

test('a retry resumes too', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { model: folder }, { onPreempt: 'resume' });
  const run = await rig.run(() => train({}, { retries: 1 }));
  const dying = await rig.started('train');
  await dying.write(join(outOf(dying, 'model'), 'half'), 'half of it');
  dying.exit(1);
  const again = await rig.started('train');
  assert.deepEqual(await again.list(outOf(again, 'model')), ['half']);
  again.exit();
  assert.equal((await run.ended()).status, 'succeeded');
});

test('a task that restarts finds an empty folder', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { model: folder });
  const run = await rig.run(() => train({}, { retries: 1 }));
  const dying = await rig.started('train');
  await dying.write(join(outOf(dying, 'model'), 'half'), 'half of it');
  dying.kill();
  const again = await rig.started('train');
  assert.deepEqual(await again.list(outOf(again, 'model')), []);
  await again.write(join(outOf(again, 'model'), 'all'), 'all of it');
  again.exit();
  assert.equal((await run.ended()).status, 'succeeded');
});

test('items that an earlier attempt released stay items, even when the program has deleted them since', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { checkpoints: stream(item) }, { onPreempt: 'resume' });
  const first = await rig.run(() => train({}));
  const dying = await rig.started('train');
  await dying.write(join(outOf(dying, 'checkpoints'), '100'), '{"step":100}');
  await first.saw('item-released');
  await dying.remove(join(outOf(dying, 'checkpoints'), '100'));
  dying.kill();
  await first.ended();

  const second = await rig.run(() => train({}));
  const again = await rig.started('train');
  await second.saw('item-released');
  await again.write(join(outOf(again, 'checkpoints'), '200'), '{"step":200}');
  again.exit();
  const { results } = await second.ended();
  assert.deepEqual(results, {
    checkpoints: { $stream: [100, 200].map((step) => ({ key: String(step), value: { step } })) },
  });
});

test('an item that was released and then lost from the store is no item of the next attempt', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { checkpoints: stream(folder) }, { onPreempt: 'resume' });
  const count = rig.puppet('count', { all: z.array(folder) }, { n: z.int() });
  const build = () => count({ all: train({}).checkpoints });
  const first = await rig.run(build);
  const dying = await rig.started('train');
  await dying.write(join(outOf(dying, 'checkpoints'), '100', 'w'), 'weights');
  await first.saw('item-released');
  dying.kill();
  await first.ended();
  const store = await rig.store();
  for (const digest of [...store.blobs.list()]) store.blobs.delete(digest);

  const second = await rig.run(build);
  const again = await rig.started('train');
  await second.saw('item-released'); // found again, in the folder that they share
  again.exit();
  await finish(await rig.started('count'), { n: 1 });
  assert.equal((await second.ended()).status, 'succeeded');
});

test('the shared folder is gone after success', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { model: folder }, { onPreempt: 'resume' });
  const run = await rig.run(() => train({}));
  const puppet = await rig.started('train');
  const out = outOf(puppet, 'model');
  await puppet.write(join(out, 'all'), 'all of it');
  puppet.exit();
  await run.ended();
  assert.equal(existsSync(out), false);
  assert.deepEqual(readdirSync(join(rig.folder, 'store', 'work')), []);
});

test('a work folder that a killed driver left behind a finished node goes with the next run', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { model: folder }, { onPreempt: 'resume' });
  const first = await rig.run(() => train({}));
  const puppet = await rig.started('train');
  const out = outOf(puppet, 'model');
  await puppet.write(join(out, 'all'), 'all of it');
  puppet.exit();
  await first.ended();
  mkdirSync(out, { recursive: true }); // as if it had been killed before it removed this
  const second = await rig.run(() => train({}));
  assert.equal((await second.ended()).counts.cached, 1);
  assert.deepEqual(readdirSync(join(rig.folder, 'store', 'work')), []);
});
