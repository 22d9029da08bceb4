import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import type { Ref } from '../../../tasks/core/ref.ts';
import { type Endpoint, endpoint, service, task, uncounted } from '../../../tasks/core/task.ts';
import { Rig } from '../../support/rig.ts';

interface Variant {
  model?: string;
  cache?: string;
  flag?: string;
  env?: Record<string, string>;
  gpus?: number;
  withinSeconds?: number;
}

function serving({ model = 'a', cache = '/here', flag = '-x', env = {}, gpus = 0, withinSeconds = 1 }: Variant = {}) {
  return service({
    name: 'server',
    inputs: { model: z.string(), cache: uncounted(z.string()) },
    env,
    resources: { gpus },
    ready: { http: '/', withinSeconds },
    command: (given, port) => ['serve', `--port=${port}`, flag, given.model, given.cache],
  })({ model, cache });
}

const ask = task({
  name: 'ask',
  inputs: { servers: z.array(z.object({ name: z.string(), server: endpoint })) },
  outputs: { answer: z.int() },
  command: ({ servers: [first] }) => ['ask', first?.server.url ?? '', '--port', new URL(first?.server.url ?? '').port],
});

async function fingerprintOf(t: TestContext, server: Endpoint | Ref<Endpoint>): Promise<string> {
  const rig = await Rig.start(t);
  const { nodes } = await rig.plan(() => ask({ servers: [{ name: 'first', server }] }));
  return nodes.find(({ task: name }) => name === 'ask')?.fingerprint ?? assert.fail('it was not planned');
}

test('what makes another server counts for whoever asks it', async (t) => {
  const plain = await fingerprintOf(t, serving());
  assert.equal(await fingerprintOf(t, serving()), plain);
  for (const other of [{ model: 'b' }, { flag: '-y' }, { env: { MODE: 'fast' } }]) {
    assert.notEqual(await fingerprintOf(t, serving(other)), plain, JSON.stringify(other));
  }
});

test('where a server is, what it needs and how it is waited for do not count', async (t) => {
  const plain = await fingerprintOf(t, serving());
  for (const same of [{ cache: '/there' }, { gpus: 2 }, { withinSeconds: 99 }]) {
    assert.equal(await fingerprintOf(t, serving(same)), plain, JSON.stringify(same));
  }
});

test('a server of somebody else counts by its url', async (t) => {
  const one = await fingerprintOf(t, { url: 'http://127.0.0.1:1000' });
  assert.notEqual(await fingerprintOf(t, { url: 'http://127.0.0.1:1001' }), one);
  assert.notEqual(await fingerprintOf(t, serving()), one);
});

test('an endpoint is passed on whole', () => {
  assert.throws(() => serving().at('url'), { code: 'endpoint-opened' });
});

test('to look at the url of a service before it is up is refused, with what to do', async (t) => {
  const curious = task({
    name: 'curious',
    inputs: { server: endpoint },
    outputs: { answer: z.int() },
    observe: async ({ server }) => server.url,
    command: () => ['x'],
  });
  const rig = await Rig.start(t);
  const { refusals } = await rig.plan(() => curious({ server: serving() }));
  const refusal = refusals.find(({ what }) => what.includes('was asked for before it is up'));
  assert.match(refusal?.advice ?? '', /isPromised/);
});
