import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { askToCancel } from '../../runner/log/cancels.ts';
import { endpoint, type Resources } from '../../tasks/core/task.ts';
import { exited, startChild } from '../support/child-module.ts';
import { eventually } from '../support/eventually.ts';
import { isRunning } from '../support/is-running.ts';
import { type Puppet, PuppetStage } from '../support/puppet.ts';
import { finish, portOf, puppetPath, Rig } from '../support/rig.ts';
import { tempFolder } from '../support/temp-folder.ts';

const number = { value: z.int() };

/** A service `server`, and a task `ask` that takes its endpoint. */
async function scene(t: TestContext) {
  const rig = await Rig.start(t);
  const server = rig.server('server', { model: z.string() });
  const ask = rig.puppet('ask', { server: endpoint, question: z.int() }, number);
  return { rig, server, ask };
}

/** The next start of the service; it is up when this returns. */
async function up(rig: Rig, name = 'server'): Promise<Puppet> {
  const puppet = await rig.started(name);
  assert.equal(await puppet.listen(portOf(puppet)), 'done');
  return puppet;
}

function urlGiven(puppet: Puppet): string {
  const given = puppet.args.find((arg) => arg.startsWith('server='));
  return (JSON.parse(given?.slice('server='.length) ?? '') as { url: string }).url;
}

test('a service is up before its consumers start, is shared by them, and is stopped after the last', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => {
    const shared = server({ model: 'a' });
    return [ask({ server: shared, question: 1 }), ask({ server: shared, question: 2 })];
  });
  const serving = await rig.started('server');
  assert.equal(rig.stage.count('ask'), 0);
  await serving.listen(portOf(serving));
  const [first, second] = [await rig.started('ask'), await rig.started('ask')];
  assert.equal(urlGiven(first), `http://127.0.0.1:${portOf(serving)}`);
  assert.equal(urlGiven(second), urlGiven(first));
  assert.equal(await (await fetch(urlGiven(first))).text(), `server ${serving.pid}`);
  await finish(first, { value: 1 });
  await run.saw('node-finished');
  assert.equal(isRunning(serving.pid), true);
  await finish(second, { value: 2 });
  const end = await run.ended();
  assert.equal(end.status, 'succeeded');
  assert.deepEqual(end.counts, { done: 2, cached: 0, failed: 0, skipped: 0 });
  assert.equal(isRunning(serving.pid), false);
  assert.equal(rig.stage.count('server'), 1);
  const last = run.events.map(({ type }) => type).slice(-3);
  assert.deepEqual(last, ['node-finished', 'service-stopped', 'run-finished']);
});

test('consumers whose results are known start no service', async (t) => {
  const { rig, server, ask } = await scene(t);
  const build = () => ask({ server: server({ model: 'a' }), question: 1 });
  const first = await rig.run(build);
  await up(rig);
  await finish(await rig.started('ask'), { value: 1 });
  assert.equal((await first.ended()).status, 'succeeded');
  assert.deepEqual(
    (await rig.plan(build)).nodes.map(({ state }) => state),
    ['cached'],
  );
  const again = await rig.run(build);
  assert.deepEqual((await again.ended()).counts, { done: 0, cached: 1, failed: 0, skipped: 0 });
  assert.equal(rig.stage.count('server'), 1);
});

test('when a server is killed it is started again, and its consumers are tried again', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }));
  const dying = await up(rig);
  const orphan = await rig.started('ask');
  dying.kill();
  await orphan.gone;
  const { failure, willRetry } = await run.saw('node-failed', 'ask');
  assert.equal(failure.code, 'service-died');
  assert.match(failure.message, /The service server died while it was used: It was killed \(SIGKILL\)/);
  assert.equal(willRetry, true);
  const next = await up(rig);
  const consumer = await rig.started('ask');
  assert.equal(urlGiven(consumer), `http://127.0.0.1:${portOf(next)}`);
  await finish(consumer, { value: 1 });
  assert.equal((await run.ended()).status, 'succeeded');
});

test('a port that another program takes first is given up for another', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }));
  const late = await rig.started('server');
  const foreign = createServer((_, response) => response.end('not ours'));
  t.after(() => foreign.close());
  foreign.listen(portOf(late), '127.0.0.1');
  await once(foreign, 'listening');
  const { failure, willRetry } = await run.saw('node-failed', 'server');
  assert.deepEqual([failure.code, willRetry], ['port-taken', true]);
  const serving = await up(rig);
  assert.notEqual(portOf(serving), portOf(late));
  await finish(await rig.started('ask'), { value: 1 });
  assert.equal((await run.ended()).status, 'succeeded');
});

test('a foreign server on the port is not taken for ours, and after some ports the service is given up', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }));
  for (let i = 0; i < 6; i += 1) {
    const late = await rig.started('server');
    const foreign = createServer((_, response) => response.end('not ours'));
    t.after(() => foreign.close());
    foreign.listen(portOf(late), '127.0.0.1');
    await late.gone;
  }
  assert.deepEqual((await run.ended()).counts, { done: 0, cached: 0, failed: 1, skipped: 1 });
  const last = run.events.findLast(({ type }) => type === 'node-failed');
  assert.ok(last?.type === 'node-failed' && last.failure.code === 'port-taken' && !last.willRetry);
});

test('a service that is not ready in time fails, with its log, and its consumers are skipped', async (t) => {
  const rig = await Rig.start(t);
  const server = rig.server('server', {}, { http: '/healthz', withinSeconds: 0.3 });
  const ask = rig.puppet('ask', { server: endpoint }, number);
  const run = await rig.run(() => ask({ server: server({}) }));
  const slow = await rig.started('server');
  await slow.gone;
  const { failure, log } = await run.saw('node-failed', 'server');
  assert.equal(failure.message, 'It was not ready within 0.3 s: /healthz did not answer 200.');
  assert.equal(log, 'jobs/server.1/log.txt');
  assert.equal((await run.saw('node-skipped', 'ask')).because, 'server');
  assert.deepEqual((await run.ended()).counts, { done: 0, cached: 0, failed: 1, skipped: 1 });
  assert.equal(rig.stage.count('ask'), 0);
});

test('a service that ends before it is ready fails as its program did, after as many tries as the call asks for', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }, { retries: 1 }), question: 1 }));
  (await rig.started('server')).exit(3);
  (await rig.started('server')).exit(4);
  await run.ended();
  const told = run.events.flatMap((event) => (event.type === 'node-failed' ? [event] : []));
  assert.deepEqual(
    told.map(({ failure, willRetry }) => [failure.message, willRetry]),
    [
      ['It ended with exit code 3.', true],
      ['It ended with exit code 4.', false],
    ],
  );
});

test('a line that a service prints can say that it is ready', async (t) => {
  const rig = await Rig.start(t);
  const server = rig.server('server', {}, { line: /^listening on \d+$/, withinSeconds: 10 });
  const ask = rig.puppet('ask', { server: endpoint }, number);
  const run = await rig.run(() => ask({ server: server({}) }));
  const serving = await rig.started('server');
  await serving.print('not yet listening on 1');
  await serving.print('listening on 1');
  await run.saw('service-ready', 'server');
  await finish(await rig.started('ask'), { value: 1 });
  assert.equal((await run.ended()).status, 'succeeded');
});

test('inside `each` every item has a server of its own, which ends with the last that needs it', async (t) => {
  const rig = await Rig.start(t);
  const list = rig.puppet('list', {}, { models: z.array(z.string()) });
  const server = rig.server('server', { model: z.string() });
  const ask = rig.puppet('ask', { server: endpoint, question: z.int() }, number);
  const next = rig.puppet('next', { server: endpoint, value: z.int() }, number);
  const build = () =>
    list({}).models.each((model) => {
      const own = server({ model });
      const { value } = ask({ server: own, question: 1 });
      return next({ server: own, value });
    });
  const run = await rig.run(build, { jobs: 2 });
  await finish(await rig.started('list'), { models: ['a', 'b'] });
  const servers = new Map<string, Puppet>();
  for (let i = 0; i < 2; i += 1) {
    const one = await up(rig);
    servers.set(`http://127.0.0.1:${portOf(one)}`, one);
  }
  const [first, second] = [await rig.started('ask'), await rig.started('ask')];
  assert.notEqual(urlGiven(first), urlGiven(second));
  await finish(first, { value: 1 });
  const last = await rig.started('next');
  assert.equal(urlGiven(last), urlGiven(first));
  await finish(last, { value: 2 });
  await servers.get(urlGiven(first))?.gone;
  assert.equal(isRunning(servers.get(urlGiven(second))?.pid ?? 0), true);
  await finish(second, { value: 1 });
  await finish(await rig.started('next'), { value: 2 });
  assert.equal((await run.ended()).status, 'succeeded');
  assert.equal(rig.stage.count('server'), 2);
});

/** One server, two consumers: the first has its answer, the other waits for `slowly`. */
async function oneOfTwoAnswered(t: TestContext) {
  const { rig, server, ask } = await scene(t);
  const slow = rig.puppet('slow', {}, number);
  const run = await rig.run(() => {
    const shared = server({ model: 'a' });
    return [ask({ server: shared, question: 1 }), ask({ server: shared, question: slow({}).value })];
  });
  const slowly = await rig.started('slow');
  const serving = await up(rig);
  await finish(await rig.started('ask'), { value: 1 });
  await run.saw('node-finished', 'ask');
  return { rig, run, slowly, serving };
}

test('a server stays for a consumer that has to wait for something else', async (t) => {
  const { rig, run, slowly, serving } = await oneOfTwoAnswered(t);
  await finish(slowly, { value: 2 });
  await finish(await rig.started('ask'), { value: 2 });
  await serving.gone;
  assert.equal((await run.ended()).status, 'succeeded');
  assert.equal(rig.stage.count('server'), 1);
});

test('a server that only failures are left for is stopped', async (t) => {
  const { run, slowly, serving } = await oneOfTwoAnswered(t);
  slowly.exit(1);
  await serving.gone;
  assert.deepEqual((await run.ended()).counts, { done: 1, cached: 0, failed: 1, skipped: 1 });
});

test('a service that nobody takes is not started', async (t) => {
  const { rig, server } = await scene(t);
  const make = rig.puppet('make', {}, number);
  const run = await rig.run(() => ({ server: server({ model: 'a' }), ...make({}) }));
  await finish(await rig.started('make'), { value: 1 });
  assert.equal((await run.ended()).status, 'succeeded');
  assert.equal(rig.stage.count('server'), 0);
});

test('on one core, with one job at a time, a consumer runs beside its server, whatever cores they ask for', async (t) => {
  const rig = await Rig.start(t);
  const server = rig.server('server', {}, undefined, { resources: { cpus: 8 } });
  const ask = rig.puppet('ask', { server: endpoint }, number, { resources: { cpus: 8 } });
  for (const cpus of [1, 4]) {
    const run = await rig.run(() => ask({ server: server({}) }), { jobs: 1, cpus, force: ['ask'] });
    const serving = await up(rig);
    assert.equal((await serving.env()).STET_CPUS, String(Math.max(1, cpus - 1)));
    const asking = await rig.started('ask');
    assert.equal((await asking.env()).STET_CPUS, '1');
    await finish(asking, { value: 1 });
    assert.equal((await run.ended()).status, 'succeeded');
  }
});

test('servers of several items do not take the GPUs that their consumers wait for', async (t) => {
  const rig = await Rig.start(t);
  const gpu: { resources: Resources } = { resources: { gpus: 1 } };
  const list = rig.puppet('list', {}, { models: z.array(z.string()) });
  const server = rig.server('server', { model: z.string() }, undefined, gpu);
  const ask = rig.puppet('ask', { server: endpoint }, number, gpu);
  const run = await rig.run(() => list({}).models.each((model) => ask({ server: server({ model }) })), {
    gpus: [0, 1],
  });
  await finish(await rig.started('list'), { models: ['a', 'b', 'c'] });
  for (let i = 0; i < 3; i += 1) {
    const serving = await up(rig);
    const asking = await rig.started('ask');
    const seen = [await serving.env(), await asking.env()].map((env) => env.CUDA_VISIBLE_DEVICES);
    assert.deepEqual(seen.sort(), ['0', '1']);
    assert.equal(rig.stage.count('server'), i + 1);
    await finish(asking, { value: i });
  }
  assert.equal((await run.ended()).status, 'succeeded');
});

test('a server that only waits gives way when nothing else can go on', async (t) => {
  const rig = await Rig.start(t);
  const gpu: { resources: Resources } = { resources: { gpus: 1 } };
  const server = rig.server('server', {}, undefined, gpu);
  const ask = rig.puppet('ask', { server: endpoint, question: z.int() }, number);
  const train = rig.puppet('train', { n: z.int() }, number, gpu);
  const run = await rig.run(
    () => {
      const shared = server({});
      const { value } = ask({ server: shared, question: 1 });
      return ask({ server: shared, question: train({ n: value }).value }, { label: 'later' });
    },
    { gpus: [0] },
  );
  await up(rig);
  await finish(await rig.started('ask'), { value: 1 });
  await finish(await rig.started('train'), { value: 2 });
  await up(rig);
  await finish(await rig.started('ask'), { value: 3 });
  assert.equal((await run.ended()).status, 'succeeded');
});

test('a consumer under which the server dies again and again fails, and says so', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }));
  for (let i = 0; i < 4; i += 1) {
    const dying = await up(rig);
    const orphan = await rig.started('ask');
    dying.exit(7);
    await orphan.gone;
  }
  const end = await run.ended();
  assert.equal(end.status, 'failed');
  const last = run.events.findLast((event) => event.type === 'node-failed' && event.address === 'ask');
  assert.ok(last?.type === 'node-failed' && !last.willRetry);
  assert.equal(last.failure.message, 'The service server died while it was used: It ended with exit code 7.');
  assert.match(last.failure.hint ?? '', /pipeline logs 0001 server/);
});

test('a consumer that fails because its server has gone is tried again, whoever is seen to end first', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }));
  const dying = await up(rig);
  const orphan = await rig.started('ask');
  dying.exit(1);
  await dying.gone;
  orphan.exit(1);
  assert.equal((await run.saw('node-failed', 'ask')).failure.code, 'service-died');
  await up(rig);
  await finish(await rig.started('ask'), { value: 1 });
  assert.equal((await run.ended()).status, 'succeeded');
});

test('a server that does not listen any more is ended when a consumer fails, and another takes its place', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }));
  const deaf = await up(rig);
  const asking = await rig.started('ask');
  await deaf.unlisten();
  asking.exit(1);
  const { failure } = await run.saw('node-failed', 'ask');
  assert.match(failure.message, /The service server died while it was used: It did not listen any more/);
  await deaf.gone;
  await up(rig);
  await finish(await rig.started('ask'), { value: 1 });
  assert.equal((await run.ended()).status, 'succeeded');
});

test("a consumer's own failure is its own", async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }));
  const serving = await up(rig);
  (await rig.started('ask')).exit(1);
  const { failure, willRetry } = await run.saw('node-failed', 'ask');
  assert.deepEqual([failure.code, willRetry], ['exit-code', false]);
  await serving.gone;
  assert.deepEqual((await run.ended()).counts, { done: 0, cached: 0, failed: 1, skipped: 0 });
});

test('a stopped run ends its consumers first and then the servers, and leaves none', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }));
  const serving = await up(rig);
  const asking = await rig.started('ask');
  run.stop();
  assert.equal((await run.ended()).status, 'cancelled');
  assert.deepEqual([serving.pid, asking.pid].filter(isRunning), []);
  const order = run.events.map(({ type }) => type).slice(-3);
  assert.deepEqual(order, ['node-failed', 'service-stopped', 'run-finished']);
});

test('a run that is stopped while a server starts leaves none', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }));
  const starting = await rig.started('server');
  run.stop();
  assert.equal((await run.ended()).status, 'cancelled');
  assert.equal(isRunning(starting.pid), false);
});

test('a server that does not listen to its end is killed, with all that it started', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }), { graceMs: 100 });
  const stubborn = await up(rig);
  const left = await stubborn.leave();
  await stubborn.ignoreTerm();
  await finish(await rig.started('ask'), { value: 1 });
  assert.equal((await run.ended()).status, 'succeeded');
  assert.deepEqual([stubborn.pid, left].filter(isRunning), []);
});

test('a service that takes more than the machine has beside its consumer is refused before anything starts', async (t) => {
  const rig = await Rig.start(t);
  const server = rig.server('server', {}, undefined, { resources: { gpus: 1 } });
  const ask = rig.puppet('ask', { server: endpoint }, number, { resources: { memoryGb: 1 } });
  const build = () => ask({ server: server({}) });
  assert.match(
    (await rig.plan(build)).refusals.map(({ what }) => what).join(),
    /asks for 1 GPU and this machine has 0/,
  );
  const run = await rig.run(build);
  const { failure } = await run.saw('node-failed', 'ask');
  assert.match(failure.message, /ask cannot run here beside server: it asks for 1 GPU and this machine has 0/);
  assert.equal((await run.ended()).status, 'failed');
});

test('a service that takes the endpoint of another is refused', async (t) => {
  const { rig, server } = await scene(t);
  const proxy = rig.server('proxy', { server: endpoint });
  const ask = rig.puppet('ask', { server: endpoint }, number);
  const { refusals } = await rig.plan(() => ask({ server: proxy({ server: server({ model: 'a' }) }) }));
  assert.deepEqual(
    refusals.map(({ what }) => what),
    ['the service proxy takes its endpoint, and only tasks can'],
  );
});

test('a service can be cancelled by name, and its consumers are skipped', async (t) => {
  const { rig, server, ask } = await scene(t);
  const run = await rig.run(() => ask({ server: server({ model: 'a' }), question: 1 }));
  const serving = await up(rig);
  await rig.started('ask');
  askToCancel(run.folder, 'server');
  await serving.gone;
  assert.deepEqual((await run.ended()).counts, { done: 0, cached: 0, failed: 1, skipped: 1 });
  assert.equal((await run.saw('node-failed', 'server')).failure.code, 'cancelled-on-request');
});

test('when the driver is killed its servers end too', async (t) => {
  const root = `${tempFolder(t)}/store`;
  const stage = await PuppetStage.open();
  const driver = startChild(import.meta.url, '../support/driver', [root, 'serve', stage.socket, puppetPath()]);
  t.after(() => {
    stage.close();
    driver.kill('SIGKILL');
  });
  driver.stdout?.resume();
  const serving = await stage.started('server');
  await serving.listen(portOf(serving));
  const asking = await stage.started('ask');
  driver.kill('SIGKILL');
  assert.equal(await exited(driver), 'SIGKILL');
  await Promise.all([serving.gone, asking.gone]);
  await eventually('no process of it is left', () => ![serving.pid, asking.pid].some(isRunning));
});
