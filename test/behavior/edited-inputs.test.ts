import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { finish, Rig } from '../support/rig.ts';

const value = { value: z.int() };

/** A project with one code file, and a task whose program declares it. */
async function scene(t: TestContext) {
  const rig = await Rig.start(t);
  mkdirSync(join(rig.folder, 'src'));
  const edit = (text: string, name = 'a.py'): void => writeFileSync(join(rig.folder, 'src', name), text);
  edit('print(1)\n');
  return { rig, edit, make: rig.puppet('make', { i: z.int().default(0) }, value, { code: ['src/*.py'] }) };
}

test('a program runs from its code as it was hashed, so an edit meanwhile costs nothing', async (t) => {
  const { rig, edit, make } = await scene(t);
  const first = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  edit('print(2)\n');
  edit('', 'b.py');
  assert.equal(await puppet.read('src/a.py'), 'print(1)\n');
  assert.deepEqual(await puppet.list('src'), ['a.py']);
  await finish(puppet, { value: 1 });
  assert.deepEqual((await first.ended()).results, { value: 1 });

  const second = await rig.run(() => make({}));
  const again = await rig.started('make');
  assert.equal(await again.read('src/a.py'), 'print(2)\n');
  await finish(again, { value: 2 });
  assert.deepEqual((await second.ended()).results, { value: 2 });
});

test('code that is edited, and put back before the program has ended, is never run', async (t) => {
  const { rig, edit, make } = await scene(t);
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  edit('print(2)\n');
  const seen = await puppet.read('src/a.py');
  edit('print(1)\n');
  assert.equal(seen, 'print(1)\n');
  await finish(puppet, { value: 1 });
  assert.equal((await run.ended()).status, 'succeeded');
});

test('a program finds the rest of its project where it starts', async (t) => {
  const { rig, make } = await scene(t);
  mkdirSync(join(rig.folder, 'assets'));
  writeFileSync(join(rig.folder, 'assets', 'robot.xml'), '<robot/>');
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  assert.equal(await puppet.read('assets/robot.xml'), '<robot/>');
  await finish(puppet, { value: 1 });
  await run.ended();
});

test('a program that changes its own code while it runs gives no result', async (t) => {
  const { rig, make } = await scene(t);
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  await puppet.write(join(puppet.cwd, 'src', 'a.py'), 'print(3)\n');
  await finish(puppet, { value: 3 });
  assert.match((await run.saw('node-failed', 'make')).failure.message, /src\/a\.py/);
  await run.ended();
  assert.deepEqual(await rig.records(), []);
});

test('a job whose code changed since its recipe was made starts with a new recipe', async (t) => {
  const { rig, edit, make } = await scene(t);
  const run = await rig.run(() => [make({ i: 1 }).value, make({ i: 2 }).value], { jobs: 1 });
  const first = await rig.started('make');
  edit('print(2)\n');
  await finish(first, { value: 1 });
  const second = await rig.started('make');
  assert.equal(await second.read('src/a.py'), 'print(2)\n');
  await finish(second, { value: 2 });
  assert.deepEqual([(await run.ended()).status, run.of('node-failed')], ['succeeded', []]);

  edit('print(1)\n');
  const later = await rig.run(() => [make({ i: 1 }).value, make({ i: 2 }).value]);
  const missing = await rig.started('make');
  assert.equal(missing.args.at(-1), 'i=2');
  await finish(missing, { value: 3 });
  assert.deepEqual((await later.ended()).results, { result: [1, 3] });
});

/** A task whose code runs where it lies. */
async function sceneInPlace(t: TestContext) {
  const { rig, edit } = await scene(t);
  const cwd = (): string => rig.folder;
  return { rig, edit, make: rig.puppet('make', {}, value, { code: ['src/*.py'], cwd }) };
}

test('where code runs in its place, an edit while it runs keeps the result out of the store, also when it was put back', async (t) => {
  for (const last of ['print(2)\n', 'print(1)\n']) {
    const { rig, edit, make } = await sceneInPlace(t);
    const run = await rig.run(() => make({}));
    const puppet = await rig.started('make');
    edit('print(2)\n');
    edit(last);
    await finish(puppet, { value: 1 });
    const { failure } = await run.saw('node-failed', 'make');
    assert.equal(failure.code, 'input-changed');
    assert.match(failure.message, /src\/a\.py/);
    await run.ended();
    assert.deepEqual(await rig.records(), []);
  }
});

test('where code runs in its place, a file that appears while the job runs is noticed', async (t) => {
  const { rig, edit, make } = await sceneInPlace(t);
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  edit('', 'b.py');
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
