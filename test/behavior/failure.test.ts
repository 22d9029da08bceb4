import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { artifact, stream } from '../../tasks/core/task.ts';
import { folder } from '../../tasks/kinds/folder.ts';
import { isRunning } from '../support/is-running.ts';
import { finish, outOf, Rig } from '../support/rig.ts';

const value = { value: z.int() };

test('when one node fails, independent branches go on and dependents are skipped with the cause', async (t) => {
  const rig = await Rig.start(t);
  const bad = rig.puppet('bad', {}, value);
  const good = rig.puppet('good', {}, value);
  const use = rig.puppet('use', { value: z.int() }, { twice: z.int() });
  const run = await rig.run(() => ({
    lost: use({ value: use({ value: bad({}).value }).twice }).twice,
    kept: use({ value: good({}).value }).twice,
  }));

  const fine = await rig.started('good');
  (await rig.started('bad')).exit(3);
  const failed = await run.saw('node-failed', 'bad');
  assert.equal(failed.failure.code, 'exit-code');
  assert.match(failed.failure.message, /3/);
  await finish(fine, { value: 1 });
  await finish(await rig.started('use'), { twice: 2 });

  const end = await run.ended();
  assert.equal(end.status, 'failed');
  assert.deepEqual(end.counts, { done: 2, cached: 0, failed: 1, skipped: 2 });
  assert.deepEqual(end.results, { kept: 2 });
  const causes = run.events.flatMap((event) => (event.type === 'node-skipped' ? [event.because] : []));
  assert.deepEqual(causes, ['bad', 'bad']);
});

test('the next run does only what is missing', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const use = rig.puppet('use', { value: z.int() }, { twice: z.int() });
  const build = () => ({ twice: use({ value: make({}).value }).twice });

  const first = await rig.run(build);
  await finish(await rig.started('make'), { value: 1 });
  (await rig.started('use')).exit(1);
  assert.equal((await first.ended()).status, 'failed');

  const second = await rig.run(build);
  await finish(await rig.started('use'), { twice: 2 });
  assert.deepEqual((await second.ended()).counts, { done: 1, cached: 1, failed: 0, skipped: 0 });
  assert.equal((await second.saw('node-queued', 'use')).reason, 'it failed before');
});

test('a failed node is tried again as often as its call says', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const run = await rig.run(() => ({ made: make({}, { retries: 1 }).value }));

  (await rig.started('make')).exit(1);
  assert.equal((await run.saw('node-failed')).willRetry, true);
  await finish(await rig.started('make'), { value: 1 });

  assert.deepEqual((await run.ended()).counts, { done: 1, cached: 0, failed: 0, skipped: 0 });
  const record = (await rig.records())[0];
  assert.equal(record?.provenance.attempts, 2);
});

test('a node that has no tries left has failed', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const run = await rig.run(() => ({ made: make({}, { retries: 1 }).value }));
  (await rig.started('make')).exit(1);
  (await rig.started('make')).exit(2);
  const end = await run.ended();
  assert.equal(end.counts.failed, 1);
  assert.deepEqual(
    run.events.flatMap((event) => (event.type === 'node-failed' ? [event.willRetry] : [])),
    [true, false],
  );
});

test('with fail-fast the first failure stops everything', async (t) => {
  const rig = await Rig.start(t);
  const bad = rig.puppet('bad', {}, value);
  const long = rig.puppet('long', {}, value);
  const use = rig.puppet('use', { value: z.int() }, { twice: z.int() });
  const run = await rig.run(() => ({ bad: bad({}).value, twice: use({ value: long({}).value }).twice }), {
    failFast: true,
  });
  const running = await rig.started('long');
  (await rig.started('bad')).exit(1);
  await running.gone;
  const end = await run.ended();
  assert.equal(end.status, 'failed');
  assert.equal(rig.stage.count('use'), 0);
});

test('a failed item skips what gathers the items, and the other items are kept', async (t) => {
  const rig = await Rig.start(t);
  const list = rig.puppet('list', {}, { numbers: z.array(z.int()) });
  const square = rig.puppet('square', { n: z.int() }, { squared: z.int() });
  const sum = rig.puppet('sum', { all: z.array(z.int()) }, { total: z.int() });
  const build = () => ({ total: sum({ all: list({}).numbers.each((n) => square({ n }).squared) }).total });

  const first = await rig.run(build);
  await finish(await rig.started('list'), { numbers: [1, 2, 3] });
  for (let i = 0; i < 3; i += 1) {
    const puppet = await rig.started('square');
    if (puppet.args.includes('n=2')) puppet.exit(1);
    else await finish(puppet, { squared: 1 });
  }
  const end = await first.ended();
  assert.deepEqual(end.counts, { done: 3, cached: 0, failed: 1, skipped: 1 });
  assert.equal((await first.saw('node-skipped', 'sum')).because, 'square[1]');

  const second = await rig.run(build);
  await finish(await rig.started('square'), { squared: 4 });
  const summing = await rig.started('sum');
  assert.ok(summing.args.includes('all=[1,4,1]'));
  await finish(summing, { total: 6 });
  assert.deepEqual((await second.ended()).counts, { done: 2, cached: 3, failed: 0, skipped: 0 });
});

test('a failure names the log, and the log has what the program said', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const run = await rig.run(() => ({ made: make({}).value }));
  const puppet = await rig.started('make');
  await puppet.print('the last words');
  puppet.exit(1);
  const failed = await run.saw('node-failed', 'make');
  await run.ended();
  assert.equal(await readFile(join(run.folder, failed.log ?? ''), 'utf8'), 'the last words\n');
});

const scenes = {
  'an output that does not fit its type': { text: '"seven"', code: 'wrong-output' },
  'an output that is not JSON': { text: '{', code: 'wrong-output' },
  'an output that was not written': { text: undefined, code: 'output-missing' },
} as const;
for (const [what, { text, code }] of Object.entries(scenes)) {
  test(`${what} fails at its own node, and nothing is stored`, async (t) => {
    const rig = await Rig.start(t);
    const make = rig.puppet('make', {}, value);
    const run = await rig.run(() => ({ made: make({}).value }));
    const puppet = await rig.started('make');
    if (text !== undefined) await puppet.write(outOf(puppet, 'value'), text);
    puppet.exit();
    const { failure } = await run.saw('node-failed', 'make');
    assert.equal(failure.code, code);
    assert.match(failure.message, /make/);
    assert.match(failure.message, /value/);
    await run.ended();
    assert.deepEqual(await rig.records(), []);
  });
}

test('files that are not of their kind fail at their own node, and nothing is stored', async (t) => {
  const rig = await Rig.start(t);
  const model = artifact('model', {
    meta: z.object({ step: z.int() }),
    inspect: async (path) => ({ step: Number(await readFile(join(path, 'step'), 'utf8')) }),
  });
  const train = rig.puppet('train', {}, { model });
  const run = await rig.run(() => train({}));
  const puppet = await rig.started('train');
  await puppet.write(join(outOf(puppet, 'model'), 'step'), 'many');
  puppet.exit();
  const { failure } = await run.saw('node-failed', 'train');
  assert.equal(failure.code, 'wrong-output');
  assert.match(failure.message, /no model/);
  await run.ended();
  assert.deepEqual(await rig.records(), []);
  assert.deepEqual(readdirSync(join(rig.folder, 'store', 'blobs', 'sha256')), []);
});

test('a broken item of a stream ends its producer', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { checkpoints: stream(z.object({ step: z.int() })) });
  const run = await rig.run(() => train({}));
  const puppet = await rig.started('train');
  await puppet.write(join(outOf(puppet, 'checkpoints'), '100'), '{"step":"many"}');
  await puppet.gone;
  const { failure } = await run.saw('node-failed', 'train');
  assert.equal(failure.code, 'wrong-output');
  assert.match(failure.message, /checkpoints\/100/);
  assert.equal((await run.ended()).status, 'failed');
});

test('a ready rule that throws fails its node, and the run goes on', async (t) => {
  const rig = await Rig.start(t);
  const ready = { isReady: () => Promise.reject(new Error('cannot tell')) };
  const train = rig.puppet('train', {}, { checkpoints: stream(z.object({ step: z.int() }), { ready }) });
  const run = await rig.run(() => train({}));
  const puppet = await rig.started('train');
  await puppet.write(join(outOf(puppet, 'checkpoints'), '100'), '{"step":1}');
  const { failure } = await run.saw('node-failed', 'train');
  assert.match(failure.message, /cannot tell/);
  assert.equal((await run.ended()).status, 'failed');
});

test('what a job leaves running in its group ends with it', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value);
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  const left = await puppet.leave();
  await finish(puppet, { value: 1 });
  await run.ended();
  assert.equal(isRunning(left), false);
});

test('a program that does not exist is named', async (t) => {
  const rig = await Rig.start(t);
  const { task } = await import('../../tasks/core/task.ts');
  const missing = task({
    name: 'missing',
    inputs: {},
    outputs: { out: folder },
    command: () => ['no-such-program-here'],
  });
  const run = await rig.run(() => missing({}));
  const { failure } = await run.saw('node-failed');
  assert.equal(failure.code, 'no-such-program');
  assert.match(failure.message, /no-such-program-here/);
  await run.ended();
});

test('a node that asks for more than this machine has fails instead of waiting for ever', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value, { resources: { gpus: 8 } });
  const run = await rig.run(() => make({}));
  const { failure } = await run.saw('node-failed', 'make');
  assert.equal(failure.code, 'no-such-resources');
  assert.match(failure.message, /8 GPUs/);
  assert.equal((await run.ended()).status, 'failed');
});

test('a predicate that throws fails its filter and skips what needs it', async (t) => {
  const rig = await Rig.start(t);
  const list = rig.puppet('list', {}, { numbers: z.array(z.int()) });
  const sum = rig.puppet('sum', { all: z.array(z.int()) }, { total: z.int() });
  const run = await rig.run(() => {
    const some = list({}).numbers.filter(() => {
      throw new Error('not this one');
    });
    return { some, total: sum({ all: some }).total };
  });
  await finish(await rig.started('list'), { numbers: [1] });
  const { failure } = await run.saw('node-failed', 'filter');
  assert.equal(failure.code, 'filter-threw');
  assert.match(failure.message, /item 0.*not this one/);
  const end = await run.ended();
  assert.equal(end.status, 'failed');
  assert.deepEqual(end.counts, { done: 1, cached: 0, failed: 1, skipped: 1 });
  assert.equal((await run.saw('node-skipped', 'sum')).because, 'filter');
});
