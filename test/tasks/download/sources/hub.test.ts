import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { listHub, parseHubAddress, resolveCommit } from '../../../../tasks/download/sources/hf.ts';
import { listRemote } from '../../../../tasks/download/sources/open.ts';
import { download } from '../../../../tasks/download/transfer/download.ts';
import { testAccess } from '../../../support/access.ts';
import { HubServer } from '../../../support/hub-server.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

test('a repository is fetched at a commit, small files by git name and large ones by sha256', async (t) => {
  const { hub, access } = await scene(t);
  hub.pageSize = 1;
  const folder = join(tempFolder(t), 'data');
  const remote = await listRemote('hf://datasets/lerobot/pusht', { access });
  assert.equal(remote.from, `hf://datasets/lerobot/pusht@${hub.commit}`);
  assert.deepEqual(
    remote.objects.map(({ name, checksums }) => [name, checksums[0]?.of]),
    [
      ['data/chunk-000/0.parquet', 'sha256'],
      ['meta/info.json', 'git-blob'],
    ],
  );
  await download(remote, folder, { access, parallel: 2 });
  assert.deepEqual(readFileSync(join(folder, 'data/chunk-000/0.parquet')), Buffer.alloc(150_000, 5));
  assert.equal(hub.redirects, 1);
});

test('a folder of a repository is a place too, and a dropped large file goes on where it was', async (t) => {
  const { hub, access } = await scene(t);
  const remote = await listRemote('hf://datasets/lerobot/pusht@main/data', { access });
  assert.deepEqual(
    remote.objects.map(({ name }) => name),
    ['chunk-000/0.parquet'],
  );
  hub.faults = [{ type: 'drop', afterBytes: 65_536 }];
  await download(remote, join(tempFolder(t), 'data'), { access, parallel: 1 });
  assert.equal(hub.bytesServed, 150_000);
});

test('a branch is asked for its commit, a full commit is not', async (t) => {
  const { hub, access } = await scene(t);
  const address = parseHubAddress('hf://datasets/lerobot/pusht@refs%2Fpr%2F1');
  assert.equal(address.revision, 'refs/pr/1');
  assert.equal(await resolveCommit(address, access), hub.commit);
  const asked = hub.requests.length;
  assert.equal(await resolveCommit({ ...address, revision: 'a'.repeat(40) }, access), 'a'.repeat(40));
  assert.equal(hub.requests.length, asked);
});

test('the token goes to the hub and not on to where large files lie', async (t) => {
  const { hub, access } = await scene(t, { HF_TOKEN: 'hf_secret' });
  hub.token = 'hf_secret';
  await download(await listRemote('hf://datasets/lerobot/pusht', { access }), join(tempFolder(t), 'data'), {
    access,
    parallel: 1,
  });
  const cdn = hub.requests.findIndex((request) => request.includes('/cdn/'));
  assert.ok(cdn >= 0);
  assert.equal(hub.authorizations[cdn], undefined);
});

test('the login that hf has left is used', async (t) => {
  const home = tempFolder(t);
  mkdirSync(join(home, '.cache/huggingface'), { recursive: true });
  writeFileSync(join(home, '.cache/huggingface/token'), 'hf_login\n');
  const { hub, access } = await scene(t, { HOME: home });
  hub.token = 'hf_login';
  assert.equal((await listRemote('hf://datasets/lerobot/pusht', { access })).objects.length, 2);
});

test('a gated repository is refused with where to ask, and one that is not to be seen with both reasons', async (t) => {
  const { hub, access } = await scene(t);
  hub.token = 'another';
  const list = () => listHub(parseHubAddress('hf://datasets/lerobot/pusht'), access);
  await assert.rejects(list(), {
    code: 'access-denied',
    message: /no such repository, or it is private and needs a login/,
  });
  hub.gated = true; // listed to everybody, as on the hub
  await assert.rejects(download(await list(), join(tempFolder(t), 'data'), { access, parallel: 2 }), {
    code: 'gated',
    hint: 'Ask for access at https://huggingface.co/datasets/lerobot/pusht, then log in with `hf auth login`, or set HF_TOKEN.',
  });
});

test('addresses of other forms are refused with the right one', () => {
  for (const wrong of ['hf://lerobot/pusht', 'hf://datasets/pusht', 'hf://spaces/a/b']) {
    assert.throws(() => parseHubAddress(wrong), {
      code: 'wrong-address',
      hint: /hf:\/\/datasets\/OWNER\/NAME@REVISION/,
    });
  }
});

async function scene(t: TestContext, env: Record<string, string> = {}) {
  const hub = await new HubServer('datasets', 'lerobot/pusht').start(t);
  hub.put('meta/info.json', '{"fps":10}');
  hub.put('data/chunk-000/0.parquet', Buffer.alloc(150_000, 5));
  return { hub, access: testAccess({ HF_ENDPOINT: hub.url, ...env }) };
}
