import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { listingDigest } from '../../../../tasks/download/sources/listing.ts';
import { listRemote, schemeOf } from '../../../../tasks/download/sources/open.ts';
import { download } from '../../../../tasks/download/transfer/download.ts';
import { findProgram } from '../../../../tasks/core/needs.ts';
import { testAccess } from '../../../support/access.ts';
import { eventually } from '../../../support/eventually.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const skip = (await findProgram('rsync')) === undefined ? 'rsync is not installed' : false;

test('a folder of this machine is copied, links followed', async (t) => {
  const { source, to, root } = scene(t);
  writeFileSync(join(root, 'elsewhere'), 'linked');
  symlinkSync('../elsewhere', join(source, 'link'));
  const access = testAccess();
  const done = await download(await listRemote(source, { access }), to, { access, parallel: 2 });
  assert.deepEqual([done.files, readFileSync(join(to, 'link'), 'utf8')], [3, 'linked']);
  assert.equal((await download(await listRemote(source, { access }), to, { access, parallel: 2 })).kept, 3);
});

test('a link that leads back up is refused', async (t) => {
  const { source } = scene(t);
  symlinkSync('..', join(source, 'sub/up'));
  await assert.rejects(listRemote(source, { access: testAccess() }), { code: 'link-loop' });
});

test('a module of an rsync daemon is listed and copied', { skip }, async (t) => {
  const { source, to, root } = scene(t);
  const port = await daemon(t, root, source);
  const access = testAccess();
  for (const [from, names] of [
    [`rsync://127.0.0.1:${port}/data`, ['a file\n.bin', 'sub/ü.bin']],
    [`rsync://127.0.0.1:${port}/data/sub/`, ['ü.bin']],
    [`rsync://127.0.0.1:${port}/data/sub/ü.bin`, ['ü.bin']],
  ] as const) {
    const remote = await listRemote(from, { access });
    assert.deepEqual(
      remote.objects.map(({ name }) => name),
      names,
    );
    await download(remote, to, { access, parallel: 2 });
    assert.equal(readFileSync(join(to, names.at(-1) as string), 'utf8'), 'two');
  }
});

test('over ssh the other side is asked by the shell that RSYNC_RSH names', { skip }, async (t) => {
  const { source, to, root } = scene(t);
  const shell = join(root, 'shell');
  writeFileSync(shell, '#!/bin/sh\n# HOST COMMAND…: runs it here\nshift\nexec sh -c "$*"\n');
  chmodSync(shell, 0o755);
  const access = testAccess({ RSYNC_RSH: shell });
  const remote = await listRemote(`robot:${source}`, { access });
  await download(remote, to, { access, parallel: 1 });
  assert.equal(readFileSync(join(to, 'a file\n.bin'), 'utf8'), 'one');
});

test('what rsync lists counts by size and time', { skip }, async (t) => {
  const { source, root } = scene(t);
  const from = `rsync://127.0.0.1:${await daemon(t, root, source)}/data`;
  const digest = async () => listingDigest((await listRemote(from, { access: testAccess() })).objects);
  const before = await digest();
  assert.equal(await digest(), before);
  utimesSync(join(source, 'sub/ü.bin'), 1, 1);
  assert.notEqual(await digest(), before);
});

test('a host that is not there is told in the words of rsync', { skip }, async () => {
  await assert.rejects(listRemote('rsync://127.0.0.1:1/none', { access: testAccess() }), {
    code: 'program-failed',
    message: /rsync could not list .*Connection refused/s,
  });
});

test('addresses tell their scheme', () => {
  const schemes = {
    'gs://a': 'gs',
    'host:/x': 'rsync',
    'me@host:x': 'rsync',
    './a:b': 'local',
    '/data': 'local',
    'https://a/b': 'https',
  };
  for (const [from, scheme] of Object.entries(schemes)) assert.equal(schemeOf(from), scheme);
  assert.throws(() => schemeOf('ftp://a'), { code: 'wrong-address' });
});

function scene(t: TestContext) {
  const root = tempFolder(t);
  const source = join(root, 'source');
  mkdirSync(join(source, 'sub'), { recursive: true });
  writeFileSync(join(source, 'a file\n.bin'), 'one');
  writeFileSync(join(source, 'sub/ü.bin'), 'two');
  return { root, source, to: join(root, 'to') };
}

async function daemon(t: TestContext, root: string, path: string): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  const config = join(root, 'rsyncd.conf');
  writeFileSync(config, `use chroot = no\n[data]\npath = ${path}\nread only = yes\n`);
  const server = spawn(
    'rsync',
    ['--daemon', '--no-detach', '--address=127.0.0.1', `--port=${port}`, `--config=${config}`],
    { stdio: 'ignore' },
  );
  t.after(() => server.kill());
  await eventually('rsync listens', () => answers(port));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy(); // an open connection would keep the daemon for a minute
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
