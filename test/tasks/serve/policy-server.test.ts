import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { decodeMap } from '../../../tasks/formats/msgpack-numpy/decode.ts';
import { encode } from '../../../tasks/formats/msgpack-numpy/encode.ts';
import { ndarray } from '../../../tasks/formats/msgpack-numpy/numbers.ts';
import { Float, NdArray, type WireMap, type WireValue } from '../../../tasks/formats/msgpack-numpy/values.ts';
import { startPolicyServer, type PolicyServer, type PolicyServerOptions } from '../../../tasks/serve/policy-server.ts';
import { eventually } from '../../support/eventually.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { RawClient } from './raw-client.ts';
import { pushtRequest, tinyArmPolicy, tinyPolicy } from './tiny-policy.ts';

const folder = tempFolder({ after: (remove) => after(remove as () => void) });
let shared: PolicyServer;

before(async () => {
  shared = await startPolicyServer({ folder: await tinyPolicy(folder), backend: 'wasm', port: 0 });
});
after(() => shared.close());

test('metadata comes first, then a reply for each observation, with the keys of openpi', async () => {
  const client = new RawClient(shared.url);
  const metadata = decodeMap((await client.next()) as Buffer);
  assert.deepEqual(
    [...metadata.keys()],
    ['format', 'step', 'checkpoint', 'backend', 'observation_steps', 'action_steps'],
  );
  assert.equal(client.socket.extensions, '');

  client.socket.send(encode(pushtRequest({ noiseSeed: 1 })));
  const first = decodeMap((await client.next()) as Buffer);
  assert.deepEqual([...first.keys()], ['actions', 'policy_timing', 'server_timing']);
  const actions = first.get('actions') as NdArray;
  assert.deepEqual([actions.dtype, actions.shape], ['<f8', [4, 2]]);
  assert.deepEqual([...(first.get('server_timing') as WireMap).keys()], ['infer_ms']);

  client.socket.send(encode(pushtRequest({ noiseSeed: 1 })));
  const second = decodeMap((await client.next()) as Buffer);
  assert.deepEqual([...(second.get('server_timing') as WireMap).keys()], ['infer_ms', 'prev_total_ms']);
  assert.deepEqual(second.get('actions'), actions);
  client.socket.close();
});

test('a reply is laid out byte for byte as that of openpi, times in 64 bits', async () => {
  const client = await RawClient.open(shared.url);
  client.socket.send(encode(pushtRequest()));
  const frame = (await client.next()) as Buffer;
  const reply = decodeMap(frame);
  const ms = (key: string) => new Float((reply.get(key) as Map<string, number>).get('infer_ms') as number);
  const again = new Map<string, WireValue>([
    ['actions', reply.get('actions') as NdArray],
    ['policy_timing', new Map([['infer_ms', ms('policy_timing')]])],
    ['server_timing', new Map([['infer_ms', ms('server_timing')]])],
  ]);
  assert.equal(frame.toString('hex'), Buffer.from(encode(again)).toString('hex'));
  client.socket.close();
});

test('an arm policy greets with the one byte of openpi, and takes whatever its clients send', async (t) => {
  const server = await started(t, { folder: await tinyArmPolicy(folder) });
  const client = new RawClient(server.url);
  assert.equal(((await client.next()) as Buffer).toString('hex'), '80');
  const image = ndarray(new Uint8Array(224 * 224 * 3), [224, 224, 3]);
  for (const gripper of [ndarray(Float64Array.of(0.5), [1]), ndarray(Float32Array.of(0.5), []), 0.5]) {
    const request = new Map<string, WireValue>([
      ['observation/exterior_image_1_left', image],
      ['observation/wrist_image_left', image],
      ['observation/joint_position', ndarray(new Float64Array(7), [7])],
      ['observation/gripper_position', gripper],
      ['prompt', 'do something'],
    ]);
    client.socket.send(encode(request));
    const actions = decodeMap((await client.next()) as Buffer).get('actions') as NdArray;
    assert.deepEqual([actions.dtype, actions.shape], ['<f8', [16, 8]]);
  }
  client.socket.close();
});

const good = pushtRequest();
const withKey = (key: string, value: WireValue) => new Map([...good, [key, value]]);
const badFrames: Record<string, readonly [Uint8Array | string, RegExp]> = {
  'a text': ['hello', /text-frame/],
  nothing: [new Uint8Array(), /msgpack-broken/],
  'half a frame': [encode(good).subarray(0, 100), /msgpack-broken/],
  'a list': [encode([1, 2]), /msgpack-broken/],
  'a length of four billion': [Uint8Array.of(0xdd, 255, 255, 255, 255), /msgpack-broken/],
  'depth without end': [new Uint8Array(1 << 20).fill(0x91), /msgpack-too-large/],
  'no keys': [encode(new Map()), /"observation\/state" is missing[\s\S]*environment_state" is missing/],
  'another shape': [
    encode(withKey('observation/state', ndarray(new Float32Array(2), [2]))),
    /has shape \[2\], not \[2, 2\]/,
  ],
  'another type': [encode(withKey('observation/state', new NdArray('<U1', [2, 2], new Uint8Array(16)))), /no numbers/],
  'no number': [encode(withKey('observation/state', ndarray(new Float32Array(4).fill(Number.NaN), [2, 2]))), /NaN/],
  'a word for an array': [encode(withKey('observation/state', 'here')), /no array of numbers/],
  'an array with keys of text': [
    encode(withKey('observation/state', new Map<string, WireValue>([['__ndarray__', true]]))),
    /no array of numbers/,
  ],
  'a broken seed': [encode(withKey('noise_seed', 1.5)), /noise_seed/],
};

for (const [what, [frame, words]] of Object.entries(badFrames)) {
  test(`${what} gets an error in text and is closed with openpi's words, and others notice nothing`, async () => {
    const [bad, other] = [await RawClient.open(shared.url), await RawClient.open(shared.url)];
    bad.socket.send(frame, { binary: typeof frame !== 'string' });
    other.socket.send(encode(pushtRequest()));
    const told = await bad.next();
    assert.ok(typeof told === 'string');
    assert.match(told, /^Traceback \(most recent call last\):\n/);
    assert.match(told, words);
    assert.deepEqual(await bad.closed(), {
      code: 1011,
      reason: 'Internal server error. Traceback included in previous frame.',
    });
    assert.ok((await other.next()) instanceof Buffer);
    other.socket.close();
  });
}

test('a frame that is too large is refused in words', async (t) => {
  const server = await started(t, { limits: { maxFrameBytes: 1000 } });
  const client = await RawClient.open(server.url);
  client.socket.send(new Uint8Array(1001));
  assert.match((await client.next()) as string, /1000 bytes/);
  assert.deepEqual(await client.closed(), { code: 1009, reason: 'A frame may have 1000 bytes here.' });
});

test('who sends too much ahead of the replies is refused, in frames and in bytes', async (t) => {
  const policy = await tinyPolicy(tempFolder(t), { work: 1000, hidden: 64 });
  const frame = encode(pushtRequest());
  const server = await started(t, { folder: policy, limits: { maxFrameBytes: 10 * frame.length } });
  for (const send of [frame, encode(new Map([['padding', new Uint8Array(9 * frame.length)]]))]) {
    const client = await RawClient.open(server.url);
    client.socket.send(frame);
    for (let i = 0; i < 66; i += 1) client.socket.send(send);
    let last = await client.next();
    while (last instanceof Buffer) last = await client.next();
    assert.match(String(last), /too-far-ahead/);
    assert.deepEqual(await client.closed(), { code: 1013, reason: 'Too far ahead.' });
  }
});

test('health, and what is no WebSocket, are answered as by openpi', async () => {
  const at = shared.url.replace('ws', 'http');
  const health = await fetch(`${at}/healthz`);
  assert.deepEqual(
    [health.status, health.headers.get('content-type'), health.headers.get('connection'), await health.text()],
    [200, 'text/plain; charset=utf-8', 'close', 'OK\n'],
  );
  for (const path of ['/', '/healthz?x=1', '/healthz/', '/policy']) {
    const answer = await fetch(at + path);
    assert.deepEqual([answer.status, answer.headers.get('upgrade')], [426, 'websocket'], path);
  }
  for (const method of ['POST', 'PUT', 'HEAD', 'DELETE']) {
    await assert.rejects(fetch(`${at}/healthz`, { method }), method);
  }
});

test('a WebSocket is a WebSocket on any path', async () => {
  for (const path of ['/', '/any/where?x=1']) {
    const client = await RawClient.open(shared.url + path);
    client.socket.send(encode(pushtRequest()));
    assert.ok((await client.next()) instanceof Buffer, path);
    client.socket.close();
    await client.closed();
  }
});

test('no subprotocol is chosen, whatever is offered', async () => {
  const socket = connect(Number(new URL(shared.url).port), '127.0.0.1');
  const headers = ['Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const offer = ['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Protocol: one, two'];
  socket.write(`${['GET / HTTP/1.1', ...headers, ...offer].join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString('latin1'), /^HTTP\/1.1 101 /);
  const [head = ''] = answer.toString('latin1').split('\r\n\r\n');
  assert.doesNotMatch(head, /sec-websocket-(protocol|extensions)/i);
  socket.destroy();
});

test('with a key, only who has it comes in, and health is still told', async (t) => {
  const server = await started(t, { apiKey: 'sesame' });
  for (const headers of [{}, { authorization: 'Api-Key wrong' }, { authorization: 'Bearer sesame' }]) {
    const socket = new WebSocket(server.url, { headers });
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /401/);
  }
  const at = server.url.replace('ws', 'http');
  assert.equal((await fetch(`${at}/healthz`)).status, 200);
  assert.equal((await fetch(`${at}/metrics`)).status, 401);
  const client = new RawClient(server.url, { authorization: 'Api-Key sesame' });
  assert.ok(await client.next());
  client.socket.close();
});

test('addresses that others can reach are served with a key only', async () => {
  const policy = await tinyPolicy(folder);
  for (const host of ['0.0.0.0', '::', '192.168.0.1', '127.evil.example', '']) {
    await assert.rejects(startPolicyServer({ folder: policy, backend: 'wasm', port: 0, host }), {
      code: 'api-key-missing',
    });
  }
  const server = await startPolicyServer({ folder: policy, backend: 'wasm', port: 0, host: '0.0.0.0', apiKey: 'k' });
  await server.close();
});

test('a port that is taken and a folder that is no policy are told as such', async () => {
  const port = Number(new URL(shared.url).port);
  const policy = await tinyPolicy(folder);
  await assert.rejects(startPolicyServer({ folder: policy, backend: 'wasm', port }), { code: 'port-taken' });
  await assert.rejects(startPolicyServer({ folder, backend: 'wasm', port: 0 }), { code: 'not-servable' });
});

test('clients that wait together are inferred together, each with the actions that it would get alone', async (t) => {
  const server = await started(t, { folder: await tinyPolicy(tempFolder(t), { work: 400 }) });
  const clients = await Promise.all(Array.from({ length: 12 }, () => RawClient.open(server.url)));
  const ask = async (client: RawClient, i: number) => {
    client.socket.send(encode(pushtRequest({ place: 20 * i, noiseSeed: i })));
    return decodeMap((await client.next()) as Buffer).get('actions');
  };
  const together = await Promise.all(clients.map(ask));
  const alone = [];
  for (const [i, client] of clients.entries()) alone.push(await ask(client, i));
  assert.deepEqual(together, alone);
  const metrics = await (await fetch(`${server.url.replace('ws', 'http')}/metrics`)).text();
  assert.match(metrics, /^stet_policy_requests_total 24$/m);
  const batches = Number(/^stet_policy_batch_size_count (\d+)$/m.exec(metrics)?.[1]);
  assert.ok(batches < 24, `24 requests in ${batches} batches`);
  for (const client of clients) client.socket.close();
});

test('health is told while the policy computes', async (t) => {
  const server = await started(t, { folder: await tinyPolicy(tempFolder(t), { work: 3000, hidden: 256 }) });
  const client = await RawClient.open(server.url);
  client.socket.send(encode(pushtRequest()));
  let isAnswered = false;
  const answer = client.next().then(() => (isAnswered = true));
  for (let i = 0; i < 3; i += 1) {
    assert.equal((await fetch(`${server.url.replace('ws', 'http')}/healthz`)).status, 200);
    assert.equal(isAnswered, false);
  }
  client.socket.ping();
  await once(client.socket, 'pong');
  assert.equal(isAnswered, false);
  await answer;
  client.socket.close();
});

test('what was accepted is finished before the server ends, and everybody is told goodbye', async (t) => {
  const server = await started(t, { folder: await tinyPolicy(tempFolder(t), { work: 1000, hidden: 64 }) });
  const [busy, idle] = [await RawClient.open(server.url), await RawClient.open(server.url)];
  for (let i = 0; i < 3; i += 1) busy.socket.send(encode(pushtRequest({ noiseSeed: i })));
  const replies = [busy.next(), busy.next(), busy.next()];
  await replies[0]; // so the others have come as well
  const drained = server.drain({ withinSeconds: 20 });
  assert.equal((await idle.closed()).code, 1001);
  assert.ok((await Promise.all(replies)).every((reply) => reply instanceof Buffer));
  assert.deepEqual(await busy.closed(), { code: 1001, reason: 'The server is shutting down.' });
  await drained;
  const port = Number(new URL(server.url).port);
  const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
});

test('a client that answers no pings is let go', async (t) => {
  const server = await started(t, { limits: { pingSeconds: 0.1 } });
  const client = await RawClient.open(server.url);
  client.socket.pause();
  const patient = await RawClient.open(server.url);
  const metrics = async (): Promise<string> => (await fetch(`${server.url.replace('ws', 'http')}/metrics`)).text();
  await eventually('one connection is left', async () => /^stet_policy_connections 1$/m.test(await metrics()));
  patient.socket.send(encode(pushtRequest()));
  assert.ok((await patient.next()) instanceof Buffer, 'the one that answers is still served');
  patient.socket.close();
  client.socket.terminate();
});

async function started(t: TestContext, options: Partial<PolicyServerOptions>): Promise<PolicyServer> {
  const policy = options.folder ?? (await tinyPolicy(folder));
  const server = await startPolicyServer({ backend: 'wasm', port: 0, ...options, folder: policy });
  t.after(() => server.close());
  return server;
}
