import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { collectGarbage } from '../../cache/collect.ts';
import type { Digest } from '../../cache/digest.ts';
import { acquireLock } from '../../cache/lock.ts';
import { openStore, type Store } from '../../cache/store.ts';
import { aRecord } from '../support/records.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('what is kept stays whole, the rest goes', async (t) => {
  const store = await scene(t);
  const kept = await made(store, 1, 'kept');
  const gone = await made(store, 2, 'gone');
  const collected = await collectGarbage(store, { keep: [kept.fingerprint], dryRun: false, minAgeSeconds: -1 });
  assert.deepEqual([collected.records, collected.blobs], [1, 2]);
  assert.equal(store.hasTree(kept.tree), true);
  assert.equal(await store.records.get(gone.fingerprint), undefined);
  assert.equal([...store.blobs.list()].length, 2);
});

test('a dry run counts the same and deletes nothing', async (t) => {
  const store = await scene(t);
  const { tree } = await made(store, 1, 'text');
  const options = { keep: [], minAgeSeconds: -1 };
  const planned = await collectGarbage(store, { ...options, dryRun: true });
  assert.equal(store.hasTree(tree), true);
  assert.deepEqual(await collectGarbage(store, { ...options, dryRun: false }), planned);
  assert.ok(planned.bytes > 4);
});

test('blobs that two records share stay while one of them does', async (t) => {
  const store = await scene(t);
  const kept = await made(store, 1, 'same');
  await made(store, 2, 'same');
  const collected = await collectGarbage(store, { keep: [kept.fingerprint], dryRun: false, minAgeSeconds: -1 });
  assert.deepEqual([collected.records, collected.blobs], [1, 0]);
  assert.equal(store.hasTree(kept.tree), true);
});

test('what is young stays, and so does what somebody works on', async (t) => {
  const store = await scene(t);
  const { tree } = await made(store, 1, 'young');
  assert.equal((await collectGarbage(store, { keep: [], dryRun: false })).blobs, 0);
  assert.equal(store.hasTree(tree), true);

  const locked = await made(store, 2, 'locked');
  const lock = acquireLock(join(store.root, 'locks'), locked.fingerprint, { owner: 'a run' });
  await collectGarbage(store, { keep: [], dryRun: false, minAgeSeconds: -1 });
  assert.ok(await store.records.get(locked.fingerprint));
  assert.equal(store.hasTree(locked.tree), true);
  lock?.release();
});

test('what was left behind in tmp and quarantine goes', async (t) => {
  const store = await scene(t);
  writeFileSync(join(store.root, 'tmp', 'x'), 'xxx');
  writeFileSync(join(store.root, 'quarantine', 'y'), 'yyy');
  const { leftovers, bytes } = await collectGarbage(store, { keep: [], dryRun: false, minAgeSeconds: -1 });
  assert.deepEqual([leftovers, bytes], [2, 6]);
  assert.deepEqual(readdirSync(join(store.root, 'tmp')), []);
});

async function scene(t: TestContext): Promise<Store> {
  const store = await openStore(join(tempFolder(t), 'store'));
  t.after(() => store.close());
  return store;
}

async function made(store: Store, seed: number, text: string): Promise<{ fingerprint: Digest; tree: Digest }> {
  const path = join(store.root, 'work', 'out');
  writeFileSync(path, text);
  const { digest, size } = await store.putTree(path, { how: 'move' });
  const record = aRecord({ seed, outputs: { file: { $artifact: { kind: 'file', digest, size, meta: {} } } } });
  await store.records.set(record);
  return { fingerprint: record.fingerprint, tree: digest };
}
