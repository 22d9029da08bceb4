import assert from 'node:assert/strict';
import { statSync, utimesSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { Blobs } from '../../cache/blobs.ts';
import { buildGraph } from '../../pipelines/core/graph.ts';
import { type Ref, stream, task } from '../../tasks/core/task.ts';
import { folder } from '../../tasks/kinds/folder.ts';
import { finish, outOf, Rig } from '../support/rig.ts';

test('a second run starts no job, stages nothing and reads no stored file', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { model: folder, items: stream(folder) });
  const use = rig.puppet('use', { model: folder, items: z.array(folder) }, { n: z.int() });
  const build = () => use(make({}));
  const first = await rig.run(build);
  const puppet = await rig.started('make');
  await puppet.write(join(outOf(puppet, 'model'), 'w'), 'weights');
  await puppet.write(join(outOf(puppet, 'items'), '1', 'w'), 'item');
  puppet.exit();
  await finish(await rig.started('use'), { n: 1 });
  await first.ended();

  const hashed = t.mock.method(Blobs.prototype, 'rehash');
  const restored = t.mock.method(Blobs.prototype, 'restore');
  const second = await rig.run(build);
  const end = await second.ended();
  assert.deepEqual(end.counts, { done: 0, cached: 2, failed: 0, skipped: 0 });
  assert.deepEqual([hashed.mock.callCount(), restored.mock.callCount()], [0, 0]);
  assert.deepEqual(readdirSync(second.folder), ['events.jsonl']);
  assert.deepEqual([rig.stage.count('make'), rig.stage.count('use')], [1, 1]);
});

test('a clock that jumps changes nothing', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { model: folder });
  const first = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  await puppet.write(join(outOf(puppet, 'model'), 'w'), 'weights');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 400 * 86_400_000 });
  const waiting = await rig.run(() => make({}));
  await waiting.saw('node-awaited', 'make');
  t.mock.timers.setTime(Date.now() + 800 * 86_400_000);
  puppet.exit();
  assert.equal((await first.ended()).status, 'succeeded');
  assert.equal((await waiting.ended()).counts.cached, 1);

  const blobs = join(rig.folder, 'store', 'blobs', 'sha256');
  for (const shard of readdirSync(blobs)) utimesSync(join(blobs, shard), 0, 0);
  assert.ok(statSync(blobs));
  const third = await rig.run(() => make({}));
  assert.equal((await third.ended()).counts.cached, 1);
});

test('a chain of ten thousand nodes is built and planned', async (t) => {
  const rig = await Rig.start(t);
  const add = task({
    name: 'add',
    inputs: { a: z.int() },
    outputs: { sum: z.int() },
    command: ({ a }, out) => ['add', String(a), out.sum],
  });
  const build = (): unknown => {
    let value: Ref<number> | number = 0;
    for (let i = 0; i < 10_000; i += 1) value = add({ a: value }).sum;
    return { value };
  };
  assert.equal(buildGraph(build()).order.length, 10_000);
  const plan = await rig.plan(build);
  assert.equal(plan.nodes.length, 10_000);
  assert.deepEqual([plan.nodes[0]?.state, plan.nodes[9_999]?.state], ['run', 'run']);
});
