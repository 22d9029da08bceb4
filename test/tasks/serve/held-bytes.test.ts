import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test, type TestContext } from 'node:test';
import { encode } from '../../../tasks/formats/msgpack-numpy/encode.ts';
import { ndarray } from '../../../tasks/formats/msgpack-numpy/numbers.ts';
import type { WireValue } from '../../../tasks/formats/msgpack-numpy/values.ts';
import { type PolicyServer, type ServerLimits, startPolicyServer } from '../../../tasks/serve/policy-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { RawClient } from './raw-client.ts';
import { pushtRequest, tinyPolicy } from './tiny-policy.ts';

const folder = tempFolder({ after: (remove) => after(remove as () => void) });
let policy: string;

before(async () => {
  policy = await tinyPolicy(folder);
});

async function started(t: TestContext, limits: Partial<ServerLimits>): Promise<PolicyServer> {
  const server = await startPolicyServer({ folder: policy, backend: 'wasm', port: 0, limits });
  t.after(() => server.close());
  return server;
}

/** A connection that was upgraded, and sends what it is told, frames or not. */
async function rawSocket({ url }: PolicyServer): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  const key = Buffer.alloc(16).toString('base64');
  const head = [`GET / HTTP/1.1`, 'Host: localhost', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write([...head, `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13', '', ''].join('\r\n'));
  await once(socket, 'data');
  socket.resume();
  return socket;
}

/** The beginning of a binary frame that says it has so many bytes, and as many of them as are given. */
function halfFrame(says: number, sent: number): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt8(0x82, 0);
  head.writeUInt8(0x80 | 127, 1);
  head.writeBigUInt64BE(BigInt(says), 2);
  return Buffer.concat([head, Buffer.alloc(sent)]);
}

async function isServed(client: RawClient): Promise<void> {
  client.socket.send(encode(pushtRequest()));
  assert.ok((await client.next()) instanceof Buffer);
}

test('clients that send half of a frame and wait are cut off, largest first, when all of them hold too much', async (t) => {
  const server = await started(t, { maxHeldBytes: 8 << 20 });
  const good = await RawClient.open(server.url);
  const [small, large] = [await rawSocket(server), await rawSocket(server)];
  small.write(halfFrame(32 << 20, 3 << 20));
  await isServed(good);
  large.write(halfFrame(32 << 20, 6 << 20));
  await once(large, 'close');
  await isServed(good);
  assert.equal(small.destroyed, false);
  small.destroy();
  good.socket.close();
});

test('a frame that does not come whole in its time ends its connection, and a client that only answers pings stays', async (t) => {
  const server = await started(t, { frameSeconds: 0.5, pingSeconds: 0.2 });
  const [idle, slow] = [await RawClient.open(server.url), await rawSocket(server)];
  slow.write(halfFrame(1 << 20, 1000));
  await once(slow, 'close');
  await new Promise((resolve) => void idle.socket.once('ping', resolve));
  await isServed(idle);
  idle.socket.close();
});

test('a connection that never says anything, or never ends its header, is let go', async (t) => {
  const server = await started(t, {});
  const { hostname, port } = new URL(server.url);
  const [silent, endless] = [connect(Number(port), hostname), connect(Number(port), hostname)];
  for (const socket of [silent, endless]) socket.on('error', () => {}).resume();
  endless.write('GET / HTTP/1.1\r\nHost: localhost\r\nX: ');
  const trickle = setInterval(() => endless.write('x'), 500);
  t.after(() => clearInterval(trickle));
  await Promise.all([once(silent, 'close'), once(endless, 'close')]);
});

const heavy: Record<string, readonly [WireValue, RegExp]> = {
  'half a million keys': [new Map(Array.from({ length: 500_000 }, (_, i) => [`${i}`, 0])), /msgpack-too-large/],
  'maps in maps': [
    Array.from({ length: 1000 }, () => new Map(Array.from({ length: 500 }, (_, i) => [`${i}`, 0]))),
    /msgpack-too-large/,
  ],
  'half a million numbers': [
    new Map<string, WireValue>([['observation/state', Array.from({ length: 500_000 }, () => 0.5)]]),
    /msgpack-too-large/,
  ],
  'an array of eight million numbers where four belong': [
    new Map<string | Uint8Array, WireValue>([
      ...pushtRequest(),
      ['observation/state', ndarray(new Uint8Array(8 << 20), [8 << 20])],
    ]),
    /has shape \[8388608\]/,
  ],
};

for (const [what, [value, words]] of Object.entries(heavy)) {
  test(`a frame with ${what} is refused by its counts, and others go on`, async (t) => {
    const server = await started(t, {});
    const [bad, good] = [await RawClient.open(server.url), await RawClient.open(server.url)];
    bad.socket.send(encode(value));
    const told = await bad.next();
    assert.ok(typeof told === 'string');
    assert.match(told, words);
    await isServed(good);
    good.socket.close();
  });
}
