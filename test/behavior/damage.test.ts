import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { loadSql } from '../../cache/sql.ts';
import { endpoint } from '../../tasks/core/task.ts';
import { folder } from '../../tasks/kinds/folder.ts';
import type { Puppet } from '../support/puppet.ts';
import { finish, outOf, portOf, Rig, type RigRun } from '../support/rig.ts';

const content = 'the weights';

/** `make` gives a folder, `read` says what is in it. After one whole run, only `make` is known. */
async function scene(t: TestContext): Promise<{
  rig: Rig;
  run: (seed?: number) => Promise<RigRun>;
  blob: string;
  remake: () => Promise<void>;
  read: () => Promise<void>;
}> {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { model: folder });
  const reads = rig.puppet('read', { model: folder, seed: z.int() }, { text: z.string() });
  const run = (seed = 0) => rig.run(() => reads({ model: make({}).model, seed }));
  const write = async (puppet: Puppet): Promise<void> => {
    await puppet.write(join(outOf(puppet, 'model'), 'weights'), content);
    puppet.exit();
  };
  const remake = async (): Promise<void> => write(await rig.started('make'));
  const read = async (): Promise<void> => {
    const puppet = await rig.started('read');
    const model = puppet.args.find((arg) => arg.startsWith('model='))?.slice('model='.length) ?? '';
    await finish(puppet, { text: await puppet.read(join(model, 'weights')) });
  };
  const first = await run();
  await remake();
  await read();
  await first.ended();
  const blob = blobsOf(rig).find((path) => readFileSync(path, 'utf8') === content);
  assert.ok(blob);
  return { rig, run, blob, remake, read };
}

function blobsOf(rig: Rig): string[] {
  const blobs = join(rig.folder, 'store', 'blobs', 'sha256');
  return readdirSync(blobs).flatMap((shard) => readdirSync(join(blobs, shard)).map((name) => join(blobs, shard, name)));
}

function warningsOf(run: RigRun): string[] {
  return run.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
}

test('a blob with other content of the same size is found when it is handed out, and its task runs again in the same run', async (t) => {
  const { run, blob, remake, read, rig } = await scene(t);
  chmodSync(blob, 0o644);
  writeFileSync(blob, 'the WEIGHTS');
  const second = await run(1);
  await remake();
  await read();
  const end = await second.ended();
  assert.equal(end.status, 'succeeded');
  assert.deepEqual(end.results, { text: content });
  assert.match(warningsOf(second).join(), /weights.*other content/);
  assert.equal(rig.stage.count('make'), 2);
  assert.equal(readdirSync(join(rig.folder, 'store', 'quarantine')).length, 1);
});

test('a blob that was cut off is found at the hit, and its task runs again', async (t) => {
  const { run, blob, remake, read, rig } = await scene(t);
  chmodSync(blob, 0o644);
  writeFileSync(blob, 'the');
  const second = await run(1);
  await remake();
  await read();
  assert.deepEqual((await second.ended()).results, { text: content });
  assert.equal((await second.saw('node-queued', 'make')).reason, 'its stored result is damaged');
  assert.match(rig.warnings.join(), /weights has 3 bytes in the store, not 11/);
});

test('a missing blob is a miss with a warning', async (t) => {
  const { run, blob, remake, read, rig } = await scene(t);
  rmSync(blob);
  const second = await run(1);
  await remake();
  await read();
  assert.deepEqual((await second.ended()).results, { text: content });
  assert.match(rig.warnings.join(), /weights is not in the store/);
});

test('a blob that goes missing between the hit and its use is made again', async (t) => {
  const { run, blob, remake, read, rig } = await scene(t);
  const gate = rig.puppet('gate', {}, { seed: z.int() });
  const make = rig.puppet('make', {}, { model: folder });
  const reads = rig.puppet('read', { model: folder, seed: z.int() }, { text: z.string() });
  const bad = rig.puppet('bad', {}, { n: z.int() });
  const second = await rig.run(() => ({
    bad: bad({}).n,
    text: reads({ model: make({}).model, seed: gate({}).seed }).text,
  }));
  (await rig.started('bad')).exit(1);
  await second.saw('node-failed', 'bad');
  const waiting = await rig.started('gate'); // make is a hit already
  rmSync(blob);
  await finish(waiting, { seed: 5 });
  await remake();
  await read();
  const end = await second.ended();
  assert.deepEqual(end.results, { text: content });
  assert.deepEqual(end.counts, { done: 3, cached: 0, failed: 1, skipped: 0 });
  assert.deepEqual([rig.stage.count('gate'), rig.stage.count('bad')], [1, 1]); // neither is tried again for that
  void run;
});

test('with more damaged blobs than one, all of them are made again in one run', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', { seed: z.int() }, { model: folder });
  const read = rig.puppet('read', { models: z.array(folder), more: z.int() }, { n: z.int() });
  const count = 6;
  const build = (more: number) => () =>
    read({ models: Array.from({ length: count }, (_, seed) => make({ seed }).model), more });
  const remake = async (): Promise<void> => {
    const puppet = await rig.started('make');
    await puppet.write(join(outOf(puppet, 'model'), 'w'), `weights ${puppet.args.at(-1)}`);
    puppet.exit();
  };
  const first = await rig.run(build(0));
  for (let i = 0; i < count; i += 1) await remake();
  await finish(await rig.started('read'), { n: count });
  await first.ended();
  for (const blob of blobsOf(rig)) {
    const text = readFileSync(blob, 'utf8');
    if (!text.startsWith('weights')) continue;
    chmodSync(blob, 0o644);
    writeFileSync(blob, text.toUpperCase());
  }
  const second = await rig.run(build(1));
  for (let i = 0; i < count; i += 1) await remake();
  await finish(await rig.started('read'), { n: count });
  assert.equal((await second.ended()).status, 'succeeded');
});

test('what a service was to read and the store has lost is made again, and the service comes up', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { model: folder });
  const server = rig.server('server', { model: folder });
  const ask = rig.puppet('ask', { server: endpoint, seed: z.int() }, { n: z.int() });
  const run = (seed: number) => rig.run(() => ask({ server: server(make({})), seed }));
  const remake = async (): Promise<void> => {
    const puppet = await rig.started('make');
    await puppet.write(join(outOf(puppet, 'model'), 'weights'), content);
    puppet.exit();
  };
  const serve = async (): Promise<void> => {
    const serving = await rig.started('server');
    await serving.listen(portOf(serving));
    await finish(await rig.started('ask'), { n: 1 });
  };
  const first = await run(0);
  await remake();
  await serve();
  assert.equal((await first.ended()).status, 'succeeded');

  const blob = blobsOf(rig).find((path) => readFileSync(path, 'utf8') === content) ?? assert.fail();
  chmodSync(blob, 0o644);
  writeFileSync(blob, 'the WEIGHTS');
  const second = await run(1);
  await remake();
  await serve();
  assert.equal((await second.ended()).status, 'succeeded');
});

test('a damaged record is a miss with a warning', async (t) => {
  const { run, remake, rig } = await scene(t);
  const sqlite = join(rig.folder, 'store', 'records.sqlite');
  const engine = await loadSql();
  if (!existsSync(sqlite) || typeof engine !== 'function') return t.skip('no embedded SQL engine loads here');
  const database = engine(sqlite);
  database.exec(`update entries set value = substr(value, 1, length(value) / 2) where value like '%"task":"make"%'`);
  database.close();
  const second = await run();
  await remake();
  assert.deepEqual((await second.ended()).results, { text: content });
  assert.match(rig.warnings.join(), /damaged/);
});

test('a job that writes to its input does not reach the store', async (t) => {
  const { rig } = await scene(t);
  const make = rig.puppet('make', {}, { model: folder });
  const spoil = rig.puppet('spoil', { model: folder }, { n: z.int() });
  const run = await rig.run(() => spoil({ model: make({}).model }));
  const puppet = await rig.started('spoil');
  const input = join(puppet.args.find((arg) => arg.startsWith('model='))?.slice('model='.length) ?? '', 'weights');
  if (process.getuid?.() === 0) await puppet.write(input, 'spoilt');
  else await assert.rejects(puppet.write(input, 'spoilt'));
  if (process.getuid?.() === 0) await finish(puppet, { n: 1 });
  await run.ended();
  assert.ok(blobsOf(rig).some((path) => readFileSync(path, 'utf8') === content));
});

test('with hard links, a job that writes to its input fails, and the spoilt blob goes to quarantine', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can write to a file without write permission');
  process.env.STET_LINK = 'hard';
  t.after(() => delete process.env.STET_LINK);
  const { rig, run: rerun, remake, read } = await scene(t);
  const make = rig.puppet('make', {}, { model: folder });
  const spoil = rig.puppet('spoil', { model: folder }, { n: z.int() });
  const run = await rig.run(() => spoil({ model: make({}).model }));
  const puppet = await rig.started('spoil');
  const input = join(puppet.args.find((arg) => arg.startsWith('model='))?.slice('model='.length) ?? '', 'weights');
  await puppet.write(input, 'spoilt');
  await finish(puppet, { n: 1 });
  const { failure } = await run.saw('node-failed', 'spoil');
  assert.equal(failure.code, 'input-changed');
  assert.match(failure.message, /weights/);
  await run.ended();
  assert.equal(readdirSync(join(rig.folder, 'store', 'quarantine')).length, 1);

  const after = await rerun(9);
  await remake();
  await read();
  assert.deepEqual((await after.ended()).results, { text: content });
});

test('a log with a torn last line is readable, and goes on after it', async (t) => {
  const { rig, run, read } = await scene(t);
  const { openLog, readEvents } = await import('../../runner/log/run-log.ts');
  const store = join(rig.folder, 'store');
  const path = join(store, 'runs', '0001', 'events.jsonl');
  const whole = readEvents(join(store, 'runs', '0001')).length;
  appendFileSync(path, '{"time":"2026-01-01T00:00:00Z","type":"node-fi');
  assert.equal(readEvents(join(store, 'runs', '0001')).length, whole);
  const log = openLog(store, '0001');
  log.append({ time: '2026-01-01T00:00:00Z', type: 'warning', message: 'after the tear' });
  log.close();
  assert.equal(readEvents(join(store, 'runs', '0001')).length, whole + 1);
  const second = await run(1);
  await read();
  assert.equal((await second.ended()).status, 'succeeded');
});
