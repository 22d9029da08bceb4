import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Digest, digestBytes } from '../../cache/digest.ts';
import { Samples } from '../../cache/samples.ts';
import { openStore, type Store } from '../../cache/store.ts';
import { materialise } from '../../runner/cli/results/materialise.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** More than is read of a tree that is linked. */
const large = Buffer.alloc(65 * 1024 * 1024, 'weights');

test('what was just made replaces a blob that has rotted, however it comes in', async (t) => {
  for (const how of ['move', 'keep', 'copy'] as const) {
    const { store, folder } = await scene(t);
    const { digest } = await store.putTree(file(folder, 'hello'), { how });
    const blob = store.blobs.pathOf(digestBytes('hello'));
    spoil(blob, 'HELLO');
    await store.putTree(file(folder, 'hello'), { how });
    assert.equal(readFileSync(blob, 'utf8'), 'hello', how);
    store.forget();
    store.checkout(digest, join(folder, 'out'));
    assert.equal(readFileSync(join(folder, 'out'), 'utf8'), 'hello');
  }
});

test('a manifest that has rotted is replaced by the one that is just written', async (t) => {
  const { store, folder } = await scene(t);
  const { digest } = await store.putTree(file(folder, 'hello'), { how: 'copy' });
  const text = readFileSync(store.blobs.pathOf(digest), 'utf8');
  spoil(store.blobs.pathOf(digest), text.replace('5', '6'));
  await store.putTree(file(folder, 'hello'), { how: 'copy' });
  assert.equal(readFileSync(store.blobs.pathOf(digest), 'utf8'), text);
});

test('a large blob that has rotted is replaced by what was just made', async (t) => {
  const { store, folder } = await scene(t);
  await store.putTree(file(folder, large), { how: 'move' });
  const blob = store.blobs.pathOf(digestBytes(large));
  flip(blob, 1000);
  await store.putTree(file(folder, large), { how: 'move' });
  assert.equal(readFileSync(blob).equals(large), true);
});

test('a large blob with one wrong byte is noticed where it is copied to a job', async (t) => {
  const { store, folder, digest, blob } = await withLarge(t);
  flip(blob, 40_000_001);
  if ((await canClone(store, folder)) || process.getuid?.() !== 0) return t.skip('this user gets links or clones here');
  assert.throws(() => store.checkout(digest, join(folder, 'out')), { code: 'damaged-blob' });
  assert.equal(existsSync(join(folder, 'out')), false);
});

test('a large blob with one wrong byte is noticed where it is taken out', async (t) => {
  const { store, folder, digest, blob } = await withLarge(t);
  flip(blob, 40_000_001);
  const leaf = { $artifact: { kind: 'file', digest, size: large.length, meta: {} } };
  await assert.rejects(materialise(store, leaf, join(folder, 'out')), { code: 'damaged-blob' });
  assert.equal(existsSync(join(folder, 'out')), false);
});

test('a large blob that is linked is known by its time and inode: one that was written to is read, and noticed', async (t) => {
  hardLinks(t);
  const { store, folder, digest, blob } = await withLarge(t);
  flip(blob, 40_000_001);
  assert.throws(() => store.checkout(digest, join(folder, 'out')), { code: 'damaged-blob' });
  assert.equal(existsSync(join(folder, 'out')), false);
});

test('a large file that lost what its disk held, under the same stats, is noticed by a sample', (t) => {
  const folder = tempFolder(t);
  const samples = new Samples(folder);
  const [digest, path] = [digestBytes(large), file(folder, large)];
  assert.equal(samples.check(digest, path, 'stats'), 'unknown');
  samples.remember(digest, path, 'stats');
  assert.equal(samples.check(digest, path, 'stats'), 'same');
  assert.equal(samples.check(digest, path, 'other stats'), 'unknown');
  writeFileSync(path, Buffer.alloc(large.length / 2), { flag: 'r+' });
  assert.equal(samples.check(digest, path, 'stats'), 'differs');
});

test('of a store that remembers nothing, a large blob is read once in full', async (t) => {
  hardLinks(t);
  const { store, folder, digest, blob, root } = await withLarge(t);
  rmSync(join(root, 'samples'), { recursive: true });
  store.checkout(digest, join(folder, 'a'));
  assert.equal(existsSync(join(root, 'samples')), true);
  rmSync(join(root, 'samples'), { recursive: true });
  store.forget();
  flip(blob, 7);
  assert.throws(() => store.checkout(digest, join(folder, 'b')), { code: 'damaged-blob' });
});

test('a job that writes to a linked input and puts the time back is noticed, small or large', async (t) => {
  hardLinks(t);
  for (const content of [Buffer.from('hello'), large]) {
    const { store, folder, warnings } = await scene(t);
    const { digest } = await store.putTree(file(folder, content), { how: 'move' });
    const { path, links } = store.checkout(digest, join(folder, 'out'));
    if (links === 0) return t.skip('this file system clones');
    const before = statSync(path);
    flip(path, 2);
    utimesSync(path, before.atime, before.mtime);
    chmodSync(path, 0o444);
    assert.deepEqual(store.changedInputs(path), [path]);
    assert.match(warnings.join(), /wrote to its input/);
  }
});

test('a mode that a job changed of a linked input is put back for all, and other names of a blob are no writing', async (t) => {
  hardLinks(t);
  const { store, folder } = await scene(t);
  const { digest } = await store.putTree(file(folder, 'hello'), { how: 'move' });
  const { path, links } = store.checkout(digest, join(folder, 'out'));
  if (links === 0) return t.skip('this file system clones');
  chmodSync(path, 0o777);
  assert.deepEqual(store.changedInputs(path), []);
  assert.equal(statSync(store.blobs.pathOf(digestBytes('hello'))).mode & 0o777, 0o444);
  store.checkout(digest, join(folder, 'out-2'));
  store.giveBack(join(folder, 'out-2'));
  linkSync(path, join(folder, 'another-name'));
  assert.deepEqual(store.changedInputs(path), []);
});

interface Scene {
  readonly store: Store;
  readonly folder: string;
  readonly root: string;
  readonly warnings: string[];
}

async function scene(t: TestContext): Promise<Scene> {
  const folder = tempFolder(t);
  const root = join(folder, 'store');
  const warnings: string[] = [];
  const store = await openStore(root, { warn: (text) => warnings.push(text) });
  t.after(() => store.close());
  return { store, folder, root, warnings };
}

async function withLarge(t: TestContext): Promise<Scene & { digest: Digest; blob: string }> {
  const all = await scene(t);
  const { digest } = await all.store.putTree(file(all.folder, large), { how: 'move' });
  return { ...all, digest, blob: all.store.blobs.pathOf(digestBytes(large)) };
}

function file(folder: string, content: string | Uint8Array): string {
  const path = join(folder, `made-${process.hrtime.bigint()}`);
  writeFileSync(path, content);
  return path;
}

/** As a disk does: the time moves here, which tests cannot help. */
function spoil(path: string, text: string): void {
  chmodSync(path, 0o644);
  writeFileSync(path, text, { flag: 'r+' });
}

function flip(path: string, offset: number): void {
  chmodSync(path, 0o644);
  const opened = openSync(path, 'r+');
  writeSync(opened, Buffer.from([0]), 0, 1, offset);
  closeSync(opened);
}

function hardLinks(t: TestContext): void {
  process.env.STET_LINK = 'hard';
  t.after(() => delete process.env.STET_LINK);
}

async function canClone(store: Store, folder: string): Promise<boolean> {
  mkdirSync(join(folder, 'try'));
  const digest = digestBytes('try');
  await store.blobs.put([{ digest, how: 'write', bytes: 'try' }]);
  return store.blobs.restore(digest, join(folder, 'try', 'x'), { executable: false }) === 'clone';
}
