import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { finish, Rig } from '../support/rig.ts';

const value = { value: z.int() };

test('a code file that is edited while the job runs keeps the result out of the store', async (t) => {
  const rig = await Rig.start(t);
  mkdirSync(join(rig.folder, 'src'));
  writeFileSync(join(rig.folder, 'src', 'a.py'), 'print(1)\n');
  const make = rig.puppet('make', {}, value, { code: ['src/*.py'] });
  const first = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  writeFileSync(join(rig.folder, 'src', 'a.py'), 'print(2)\n');
  await finish(puppet, { value: 1 });
  const { failure } = await first.saw('node-failed', 'make');
  assert.equal(failure.code, 'input-changed');
  assert.match(failure.message, /src\/a\.py/);
  await first.ended();
  assert.deepEqual(await rig.records(), []);

  const second = await rig.run(() => make({}));
  await finish(await rig.started('make'), { value: 2 });
  assert.equal((await second.ended()).status, 'succeeded');
});

test('a code file that appears while the job runs is noticed', async (t) => {
  const rig = await Rig.start(t);
  mkdirSync(join(rig.folder, 'src'));
  writeFileSync(join(rig.folder, 'src', 'a.py'), 'print(1)\n');
  const make = rig.puppet('make', {}, value, { code: ['src/*.py'] });
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  writeFileSync(join(rig.folder, 'src', 'b.py'), '');
  await finish(puppet, { value: 1 });
  assert.match((await run.saw('node-failed', 'make')).failure.message, /src\/b\.py/);
  await run.ended();
});

test('an observed file that is edited while the job runs keeps the result out of the store', async (t) => {
  const rig = await Rig.start(t);
  const path = join(rig.folder, 'data.csv');
  writeFileSync(path, '1');
  const observe = async ({ path: at }: { path: string }) => readFileSync(at, 'utf8');
  const make = rig.puppet('make', { path: z.string() }, value, { observe });
  const run = await rig.run(() => make({ path }));
  const puppet = await rig.started('make');
  writeFileSync(path, '2');
  await finish(puppet, { value: 1 });
  const { failure } = await run.saw('node-failed', 'make');
  assert.equal(failure.code, 'input-changed');
  assert.ok(failure.message.includes(path));
  await run.ended();
  assert.deepEqual(await rig.records(), []);
});

test('an observed file counts for the fingerprint', async (t) => {
  const rig = await Rig.start(t);
  const path = join(rig.folder, 'data.csv');
  const observe = async ({ path: at }: { path: string }) => readFileSync(at, 'utf8');
  const make = rig.puppet('make', { path: z.string() }, value, { observe });
  for (const text of ['1', '2', '1']) {
    writeFileSync(path, text);
    const run = await rig.run(() => make({ path }));
    if (rig.stage.count('make') < 2) {
      const puppet = await rig.started('make');
      await finish(puppet, { value: Number(text) });
    }
    assert.deepEqual((await run.ended()).results, { value: Number(text) });
  }
  assert.equal(rig.stage.count('make'), 2);
});
