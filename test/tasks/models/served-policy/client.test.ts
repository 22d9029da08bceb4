import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { encode } from '../../../../tasks/formats/msgpack-numpy/encode.ts';
import { PolicyClient } from '../../../../tasks/models/served-policy/client.ts';
import { eventually } from '../../../support/eventually.ts';

type Answer = (socket: WebSocket, frame: Buffer) => void;

/** A server of the protocol that answers as the test says. */
async function serverOf(t: Pick<TestContext, 'after'>, answer: Answer, port = 0) {
  const server = new WebSocketServer({ port, host: '127.0.0.1' });
  const headers: (string | undefined)[] = [];
  server.on('connection', (socket, request) => {
    headers.push(request.headers.authorization);
    socket.send(encode(new Map([['hello', headers.length]])));
    socket.on('message', (frame: Buffer) => answer(socket, frame));
  });
  await once(server, 'listening');
  const end = (): void => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  };
  t.after(end);
  const { port: taken } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${taken}`, port: taken, headers, end };
}

/** Counts the connections that this process was refused at a port. */
function refusalsAt(t: Pick<TestContext, 'after'>, port: number): () => number {
  let refusals = 0;
  const watch = (message: unknown): void => {
    (message as { socket: Socket }).socket.once('error', (error: NodeJS.ErrnoException & { port?: number }) => {
      if (error.code === 'ECONNREFUSED' && error.port === port) refusals += 1;
    });
  };
  subscribe('net.client.socket', watch);
  t.after(() => unsubscribe('net.client.socket', watch));
  return () => refusals;
}

const echo: Answer = (socket, frame) => socket.send(frame);
const question = (n: number) => new Map([['n', n]]);

test('each question gets its own answer, in order, also when they are asked at once', async (t) => {
  const { url } = await serverOf(t, echo);
  const client = await PolicyClient.connect({ url });
  assert.deepEqual(client.metadata, new Map([['hello', 1]]));
  assert.deepEqual(await Promise.all([1, 2, 3].map((n) => client.infer(question(n)))), [1, 2, 3].map(question));
  await client.close();
});

test('what the server says in text is the error, and the next question is asked on a new connection', async (t) => {
  const { url, headers } = await serverOf(t, (socket, frame) => {
    if (headers.length > 1) return echo(socket, frame);
    socket.send('Traceback (most recent call last):\nno');
    socket.close(1011, 'Internal server error. Traceback included in previous frame.');
  });
  const client = await PolicyClient.connect({ url, retrySeconds: 0.05 });
  await assert.rejects(client.infer(question(1)), { code: 'policy-refuses', message: /Traceback[\s\S]*no$/ });
  assert.deepEqual(await client.infer(question(2)), question(2));
  await client.close();
});

test('a server that is not up yet is waited for', async (t) => {
  const { port, end } = await serverOf(t, echo);
  end();
  const refusals = refusalsAt(t, port);
  const client = PolicyClient.connect({ url: `127.0.0.1:${port}`, retrySeconds: 0.05, patienceSeconds: 10 });
  await eventually('two attempts were refused', () => refusals() >= 2);
  await serverOf(t, echo, port);
  assert.deepEqual(await (await client).infer(question(1)), question(1));
  await (await client).close();
});

test('a server that does not come up is given up', async (t) => {
  const { url, end } = await serverOf(t, echo);
  end();
  await assert.rejects(PolicyClient.connect({ url, retrySeconds: 0.01, patienceSeconds: 0.05 }), {
    code: 'server-lost',
  });
});

test('a server that dies with a question is asked again when it is back', async (t) => {
  const { url, port, end } = await serverOf(t, () => end());
  const client = await PolicyClient.connect({ url, retrySeconds: 0.05, patienceSeconds: 10 });
  const refusals = refusalsAt(t, port);
  const answer = client.infer(question(1));
  await eventually('two attempts were refused', () => refusals() >= 2);
  await serverOf(t, echo, port);
  assert.deepEqual(await answer, question(1));
  await client.close();
});

test('a silent server is not waited for longer than asked, and its late answer is nobody’s', async (t) => {
  let silent: WebSocket | undefined;
  const { url, headers } = await serverOf(t, (socket, frame) => {
    if (headers.length > 1) return echo(socket, frame);
    silent = socket;
  });
  const client = await PolicyClient.connect({ url, timeoutSeconds: 0.1 });
  await assert.rejects(client.infer(question(1)), { code: 'server-silent' });
  // The answer is written, or refused because the client has hung up, before the next question is asked.
  await new Promise((resolve) => silent?.send(encode(new Map([['late', true]])), resolve));
  assert.deepEqual(await client.infer(question(2)), question(2));
  await client.close();
});

test('the key travels as openpi’s clients send it', async (t) => {
  const { url, headers } = await serverOf(t, echo);
  await (await PolicyClient.connect({ url, apiKey: 'sesame' })).close();
  assert.deepEqual(headers, ['Api-Key sesame']);
});

test('an address that is none, and a server that is another, are told at once', async () => {
  await assert.rejects(PolicyClient.connect({ url: 'ws://' }), { code: 'wrong-address' });
});
