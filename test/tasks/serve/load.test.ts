import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeMap } from '../../../tasks/formats/msgpack-numpy/decode.ts';
import { encode } from '../../../tasks/formats/msgpack-numpy/encode.ts';
import { NdArray } from '../../../tasks/formats/msgpack-numpy/values.ts';
import { randomOf } from '../../../tasks/models/random.ts';
import { startServed } from '../../support/served.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { RawClient } from './raw-client.ts';
import { pushtRequest, tinyPolicy } from './tiny-policy.ts';

const clientCount = 64;
/** `STET_LOAD_SECONDS=60` for the long form. */
const seconds = Number(process.env.STET_LOAD_SECONDS ?? 10);

test(`${clientCount} clients for ${seconds} s: no error, all get their share, memory stays`, async (t) => {
  const { child, url } = await startServed(t, [await tinyPolicy(tempFolder(t))]);
  const clients = await Promise.all(Array.from({ length: clientCount }, () => RawClient.open(url)));
  const expected = new Map<number, string>();
  const replies = new Array<number>(clientCount).fill(0);
  const memory: number[] = [];
  const end = performance.now() + 1000 * seconds;
  const timer = setInterval(() => memory.push(residentMegabytes(child.pid as number)), (1000 * seconds) / 20);
  const play = async (client: RawClient, i: number): Promise<void> => {
    while (performance.now() < end) {
      const noiseSeed = (replies[i] as number) % 4;
      client.socket.send(encode(pushtRequest({ noiseSeed })));
      const reply = await client.next();
      assert.ok(reply instanceof Buffer, String(reply));
      const actions = Buffer.from((decodeMap(reply).get('actions') as NdArray).bytes).toString('base64');
      assert.equal(actions, expected.get(noiseSeed) ?? (expected.set(noiseSeed, actions), actions));
      replies[i] = (replies[i] as number) + 1;
    }
    client.socket.close();
  };
  await Promise.all(clients.map(play));
  clearInterval(timer);

  const [least, most] = [Math.min(...replies), Math.max(...replies)];
  const all = replies.reduce((sum, count) => sum + count, 0);
  t.diagnostic(`${Math.round(all / seconds)} replies a second, ${least} to ${most} a client`);
  t.diagnostic(`resident memory in MB: ${memory.map(Math.round).join(' ')}`);
  assert.ok(least > 0.8 * most, `from ${least} to ${most} replies`);
  const half = memory.length / 2;
  const grown = Math.max(...memory.slice(half)) - Math.max(...memory.slice(0, half));
  assert.ok(grown < 24, `${grown.toFixed(0)} MB more in the second half`);
});

test('while some send rubbish again and again, a client gets all its replies', async (t) => {
  const { url } = await startServed(t, [await tinyPolicy(tempFolder(t))]);
  const good = await RawClient.open(url);
  const random = randomOf(1);
  let isOver = false;
  let refused = 0;
  const spoil = async (): Promise<void> => {
    while (!isOver) {
      const frame = encode(pushtRequest());
      for (let i = 0; i < 4; i += 1) frame[random.uint32() % frame.length] = random.uint32() & 0xff;
      const bad = await RawClient.open(url);
      bad.socket.send(random.uniform() < 0.2 ? 'text' : frame.subarray(0, random.uint32() % frame.length));
      const told = await bad.next();
      assert.match(String(told), /^Traceback/);
      assert.equal((await bad.closed()).code, 1011);
      refused += 1;
    }
  };
  const spoilers = Array.from({ length: 8 }, spoil);
  for (let i = 0; i < 500 || refused < 200; i += 1) {
    good.socket.send(encode(pushtRequest({ noiseSeed: i })));
    assert.ok((await good.next()) instanceof Buffer);
  }
  isOver = true;
  await Promise.all(spoilers);
  good.socket.close();
});

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
