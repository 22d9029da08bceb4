import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { endpoint } from '../../tasks/core/task.ts';
import { isRunning } from '../support/is-running.ts';
import type { Puppet } from '../support/puppet.ts';
import { finish, portOf, Rig } from '../support/rig.ts';

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
