import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { after, before, test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { type PolicyServer, type PolicyServerOptions, startPolicyServer } from '../../../tasks/serve/policy-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { RawClient } from './raw-client.ts';
import { tinyPolicy } from './tiny-policy.ts';

const folder = tempFolder({ after: (remove) => after(remove as () => void) });
let policy: string;
let shared: PolicyServer;

before(async () => {
  policy = await tinyPolicy(folder);
  shared = await startPolicyServer({ folder: policy, backend: 'wasm', port: 0 });
});
after(() => shared.close());

async function started(t: TestContext, options: Partial<PolicyServerOptions>): Promise<PolicyServer> {
  const server = await startPolicyServer({ folder: policy, backend: 'wasm', port: 0, ...options });
  t.after(() => server.close());
  return server;
}

/** The status that a WebSocket client with these headers gets; 101 when it is let in. */
async function upgradeStatus({ url }: PolicyServer, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(url, { headers });
  try {
    return await new Promise((resolve, reject) => {
      socket.once('open', () => resolve(101));
      socket.once('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode));
      socket.once('error', reject);
    });
  } finally {
    socket.on('error', () => {});
    socket.terminate();
  }
}

/** The status of a GET with exactly these header lines. */
async function getStatus({ url }: PolicyServer, path: string, lines: readonly string[]): Promise<number> {
  const { hostname: host, port } = new URL(url);
  const socket = connect(Number(port), host);
  socket.end([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  await once(socket, 'close');
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

const pages = ['https://evil.example', 'http://127.0.0.1:9999', 'http://localhost', 'null', 'file://', ''];

test('no web page can drive a policy, read its metrics or see that it is up, wherever the page comes from', async () => {
  for (const origin of [...pages, shared.url.replace('ws', 'http')]) {
    assert.equal(await upgradeStatus(shared, { origin }), 403, origin);
    for (const path of ['/metrics', '/healthz', '/']) {
      assert.equal(await getStatus(shared, path, ['Host: 127.0.0.1', `Origin: ${origin}`]), 403, `${path} ${origin}`);
    }
  }
});

test('a page that is allowed by its origin gets in, and no other', async (t) => {
  const server = await started(t, { allowOrigins: ['https://lab.example'] });
  assert.equal(await upgradeStatus(server, { origin: 'https://lab.example' }), 101);
  for (const origin of ['https://lab.example.evil', 'http://lab.example', 'https://lab.example:8443', ...pages]) {
    assert.equal(await upgradeStatus(server, { origin }), 403, origin);
  }
});

const foreign = ['evil.example', 'evil.example:8000', '127.0.0.1.evil.example', 'localhost.evil', 'a@127.0.0.1'];

test('a name that was pointed at this machine does not lead to the policy', async () => {
  for (const host of foreign) {
    assert.equal(await upgradeStatus(shared, { host }), 421, host);
    for (const path of ['/metrics', '/healthz', '/']) {
      assert.equal(await getStatus(shared, path, [`Host: ${host}`]), 421, `${path} ${host}`);
    }
  }
});

test('clients reach it by address, by localhost and by the name of the machine', async () => {
  for (const host of [
    '127.0.0.1',
    '127.0.0.1:8000',
    '10.1.2.3:1',
    '[::1]:8000',
    'LOCALHOST',
    'a.localhost',
    hostname(),
  ]) {
    assert.equal(await upgradeStatus(shared, { host }), 101, host);
  }
});

test('other names are let in when the server is told so, and whoever has the key may use any', async (t) => {
  const server = await started(t, { allowHosts: ['gpu-box.lab'], apiKey: 'k' });
  const authorization = 'Api-Key k';
  assert.equal(await upgradeStatus(server, { host: 'gpu-box.lab:8000', authorization }), 101);
  assert.equal(await upgradeStatus(server, { host: 'gpu-box.lab:8000' }), 401);
  assert.equal(await upgradeStatus(server, { host: 'tunnel.example', authorization }), 101);
  assert.equal(await upgradeStatus(server, { host: 'tunnel.example' }), 421);
});

test('clients beyond what the server takes are refused in words, and come in when another leaves', async (t) => {
  const server = await started(t, { limits: { maxConnections: 2 } });
  const [first] = [await RawClient.open(server.url), await RawClient.open(server.url)];
  assert.equal(await upgradeStatus(server, {}), 503);
  first.socket.close();
  await first.closed();
  assert.equal(await upgradeStatus(server, {}), 101);
});
