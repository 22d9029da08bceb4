import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Progress } from '../../../../tasks/core/task.ts';
import { proxyFor } from '../../../../tasks/download/http/proxy.ts';
import { listLinks } from '../../../../tasks/download/sources/https.ts';
import { listRemote } from '../../../../tasks/download/sources/open.ts';
import { download } from '../../../../tasks/download/transfer/download.ts';
import { testAccess } from '../../../support/access.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { WebServer } from '../../../support/web-server.ts';

test('a file is fetched by its address, and goes on after a drop while its ETag is the same', async (t) => {
  const web = await new WebServer().start(t);
  web.put('deep/my file.bin', Buffer.alloc(200_000, 1));
  web.faults = [{ type: 'drop', afterBytes: 131_072 }];
  const { access, folder } = scene(t);
  const remote = await listRemote(`${web.url}/deep/my%20file.bin?signature=secret`, { access });
  await download(remote, folder, { access, parallel: 1 });
  assert.deepEqual(readFileSync(join(folder, 'my file.bin')), Buffer.alloc(200_000, 1));
  assert.equal(web.bytesServed, 200_000);
});

test('a file that changed after it was asked for is refused', async (t) => {
  const web = await new WebServer().start(t);
  const { access, folder } = scene(t);
  for (const says of ['etag', 'time'] as const) {
    web.says = says;
    web.put('a', 'before');
    const remote = await listRemote(`${web.url}/a`, { access });
    web.put('a', 'after!');
    await assert.rejects(download(remote, folder, { access, parallel: 1 }), { code: 'source-changed' });
  }
});

test('a file of which nothing is said is never gone on with', async (t) => {
  const web = await new WebServer().start(t);
  web.put('a', Buffer.alloc(200_000, 1));
  web.says = 'weak-etag';
  const { access, folder } = scene(t);
  const stop = new AbortController();
  web.faults = [{ type: 'stall', afterBytes: 131_072 }];
  const remote = await listRemote(`${web.url}/a`, { access });
  // Progress is in kilobytes here: stopped once all that the server sends of it has come.
  const report = ({ done }: Progress): void => {
    if (done >= 131) stop.abort(new Error('stopped'));
  };
  const patient = { access: { ...access, signal: stop.signal }, parallel: 1, report };
  await assert.rejects(download(remote, folder, patient), /stopped/);
  web.put('a', Buffer.alloc(200_000, 2));
  await download(await listRemote(`${web.url}/a`, { access }), folder, { access, parallel: 1 });
  assert.deepEqual(readFileSync(join(folder, 'a')), Buffer.alloc(200_000, 2));
});

test('a digest that was given is what must arrive', async (t) => {
  const web = await new WebServer().start(t);
  web.put('a', 'content');
  const { access, folder } = scene(t);
  const digest = `sha256:${createHash('sha256').update('content').digest('hex')}`;
  await download(await listLinks([{ url: `${web.url}/a`, name: 'b', digest }], 'it', access), folder, {
    access,
    parallel: 1,
  });
  assert.equal(readFileSync(join(folder, 'b'), 'utf8'), 'content');
  const other = await listLinks([{ url: `${web.url}/a`, digest: `sha256:${'0'.repeat(64)}` }], 'it', access);
  await assert.rejects(download(other, folder, { access, parallel: 1 }), { code: 'checksum-differs' });
});

test('what is not there is named without the secrets of its address', async (t) => {
  const web = await new WebServer().start(t);
  const { access } = scene(t);
  await assert.rejects(
    listRemote(`${web.url}/nowhere?signature=secret`, { access }),
    (error: Error & { code: string }) => {
      assert.equal(error.code, 'not-found');
      assert.match(error.message, /nowhere/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});

test('an address with a password is refused, without saying it', async (t) => {
  const { access } = scene(t);
  await assert.rejects(
    listRemote('https://me:secret@data.example/a', { access }),
    (error: Error & { code: string }) => {
      assert.equal(error.code, 'secret-in-address');
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});

test('requests go through the proxy that the environment names, except to exempt hosts', async (t) => {
  const web = await new WebServer().start(t);
  web.put('a', 'content');
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`);
    const url = new URL(request.url ?? '');
    void fetch(`${web.url}${url.pathname}`, { method: request.method ?? 'GET' }).then(async (answer) => {
      const body = Buffer.from(await answer.arrayBuffer());
      const headers = {
        'content-length': answer.headers.get('content-length') ?? '0',
        etag: answer.headers.get('etag') ?? '',
      };
      response.writeHead(answer.status, headers).end(body);
    });
  });
  proxy.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  const port = await listening(t, proxy);
  const env = {
    http_proxy: `http://me:pass@127.0.0.1:${port}`,
    https_proxy: `127.0.0.1:${port}`,
    no_proxy: 'localhost',
  };
  const { folder } = scene(t);
  const access = testAccess(env);
  await download(await listRemote('http://data.example/a', { access }), folder, { access, parallel: 1 });
  assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'content');
  assert.match(asked[0] ?? '', /^HEAD http:\/\/data\.example\/a Basic bWU6cGFzcw==$/);
  await assert.rejects(listRemote('https://data.example/a', { access }), { code: 'proxy-refused' });
  assert.equal(asked.at(-1), 'CONNECT data.example:443');
  const direct = asked.length;
  await listRemote(`http://localhost:${new URL(web.url).port}/a`, { access });
  assert.equal(asked.length, direct);
});

test('a tunnel through a proxy leads to the server that was named', async (t) => {
  let reached = false;
  const target = createServer();
  target.on('connection', () => (reached = true));
  const to = await listening(t, target);
  const proxy = createServer();
  proxy.on('connect', (_request, socket) => {
    const through = connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      through.pipe(socket).pipe(through);
    });
    through.on('error', () => socket.destroy());
  });
  const access = testAccess({ https_proxy: `http://127.0.0.1:${await listening(t, proxy)}` }, { tries: 1 });
  await assert.rejects(listRemote('https://data.example/a', { access })); // the target speaks no TLS
  assert.ok(reached);
});

test('no_proxy holds names and all below them', () => {
  const env = { https_proxy: 'http://p:1', no_proxy: '.inside.org, other.org:8443' };
  const proxied = (url: string): boolean => proxyFor(new URL(url), env) !== undefined;
  assert.deepEqual(
    ['https://a.inside.org', 'https://inside.org', 'https://other.org:8443', 'https://other.org', 'http://a.org'].map(
      proxied,
    ),
    [false, false, false, true, false],
  );
  assert.throws(() => proxyFor(new URL('https://a'), { HTTPS_PROXY: 'socks5://p:1' }), { code: 'wrong-proxy' });
});

function scene(t: TestContext) {
  return { access: testAccess(), folder: join(tempFolder(t), 'data') };
}

async function listening(t: TestContext, server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
