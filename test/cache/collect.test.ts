import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { collectGarbage } from '../../cache/collect.ts';
import type { Digest } from '../../cache/digest.ts';
import { acquireLock } from '../../cache/lock.ts';
import { openStore, type Store } from '../../cache/store.ts';
import { verifyStore } from '../../cache/verify.ts';
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

test('of streams the last items stay, and those that went are known, and said to be gone', async (t) => {
  const store = await scene(t);
  const trees = await Promise.all(['one', 'two', 'three'].map((text) => treeOf(store, text)));
  const { fingerprint } = await streamed(store, 1, trees);
  const options = { keep: [fingerprint], streams: { keep: 1, live: nobody }, dryRun: false, minAgeSeconds: -1 };
  const planned = await collectGarbage(store, { ...options, dryRun: true });
  const { items, records, blobs, bytes } = await collectGarbage(store, options);
  assert.deepEqual([items, records, blobs, bytes], [2, 0, 2, 6]);
  assert.deepEqual([planned.items, planned.bytes], [2, 6]);
  for (const tree of trees) assert.equal(store.hasTree(tree), true, 'the record is a hit as before');
  assert.deepEqual((await verifyStore(store)).incompleteRecords, []);
  const out = join(store.root, 'work', 'taken');
  assert.equal(store.checkout(trees[2] as Digest, out).path, out);
  assert.throws(() => store.checkout(trees[0] as Digest, join(store.root, 'work', 'x')), { code: 'tree-dropped' });
  assert.equal((await collectGarbage(store, options)).items, 0);

  assert.equal(await treeOf(store, 'one'), trees[0]);
  assert.equal(store.checkout(trees[0] as Digest, join(store.root, 'work', 'again')).links >= 0, true);
});

test('items that another result is, or that a live run may take, are not dropped', async (t) => {
  const store = await scene(t);
  const trees = await Promise.all(['one', 'two', 'three'].map((text) => treeOf(store, text)));
  const { fingerprint } = await streamed(store, 1, trees);
  const best = await made(store, 2, 'one');
  const live = { fingerprints: new Set<Digest>(), trees: new Set([trees[1] as Digest]) };
  const options = { keep: [fingerprint, best.fingerprint], dryRun: false, minAgeSeconds: -1 };
  assert.equal((await collectGarbage(store, { ...options, streams: { keep: 1, live } })).items, 0);
  const lives = { ...nobody, fingerprints: new Set([fingerprint]) };
  assert.equal((await collectGarbage(store, { ...options, streams: { keep: 1, live: lives } })).items, 0);
  assert.equal((await collectGarbage(store, { ...options, streams: { keep: 1, live: nobody } })).items, 1);
});

test('what only some records needed goes with them, and nothing else', async (t) => {
  const store = await scene(t);
  const [gone, other] = [await made(store, 1, 'gone'), await made(store, 2, 'other')];
  await treeOf(store, 'of nobody');
  const only = new Set([gone.fingerprint]);
  const { records, blobs, bytes } = await collectGarbage(store, { keep: [], only, dryRun: false, minAgeSeconds: -1 });
  assert.deepEqual([records, blobs], [1, 2]);
  assert.ok(bytes > 4);
  assert.ok(await store.records.get(other.fingerprint));
  assert.equal([...store.blobs.list()].length, 4);
});

const nobody = { fingerprints: new Set<Digest>(), trees: new Set<Digest>() };

async function scene(t: TestContext): Promise<Store> {
  const store = await openStore(join(tempFolder(t), 'store'));
  t.after(() => store.close());
  return store;
}

async function made(store: Store, seed: number, text: string): Promise<{ fingerprint: Digest; tree: Digest }> {
  const digest = await treeOf(store, text);
  const record = aRecord({ seed, outputs: { file: file(digest, text.length) } });
  await store.records.set(record);
  return { fingerprint: record.fingerprint, tree: digest };
}

async function streamed(store: Store, seed: number, trees: readonly Digest[]): Promise<{ fingerprint: Digest }> {
  const items = trees.map((digest, i) => ({ key: String(i), value: file(digest, 1) }));
  const record = aRecord({ seed, outputs: { checkpoints: { $stream: items } } });
  await store.records.set(record);
  return record;
}

function file(digest: Digest, size: number) {
  return { $artifact: { kind: 'file', digest, size, meta: {} } };
}

async function treeOf(store: Store, text: string): Promise<Digest> {
  const path = join(store.root, 'work', text);
  writeFileSync(path, text);
  return (await store.putTree(path, { how: 'move' })).digest;
}
