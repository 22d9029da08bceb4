import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { digestBytes } from '../../cache/digest.ts';
import { openStore, type Store } from '../../cache/store.ts';
import { scanTree, treeDigest } from '../../cache/tree.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('a folder goes in and comes out again', async (t) => {
  const { store, folder } = await scene(t);
  const path = sample(folder);
  const before = await scanTree(path);
  const { digest, size, fileCount } = await store.putTree(path, { how: 'move' });
  assert.equal(digest, treeDigest(before));
  assert.deepEqual([size, fileCount], [6, 3]);
  assert.equal(existsSync(path), false);
  assert.equal(store.hasTree(digest), true);

  const { path: out } = store.checkout(digest, join(folder, 'deep', 'out'));
  assert.deepEqual(await scanTree(out), before);
  assert.equal(readlinkSync(join(out, 'last')), 'b/x');
  assert.deepEqual(readdirSync(join(out, 'empty')), []);
});

test('a folder that is kept can be taken in once more, and is the same', async (t) => {
  const { store, folder } = await scene(t);
  const path = sample(folder);
  const before = await scanTree(path);
  const first = await store.putTree(path, { how: 'keep' });
  assert.deepEqual(await scanTree(path), before);
  assert.deepEqual(await store.putTree(path, { how: 'keep' }), first);
  assert.equal(first.digest, treeDigest(before));
});

test('a single file goes in and comes out again', async (t) => {
  const { store, folder } = await scene(t);
  writeFileSync(join(folder, 'x'), 'xx');
  const { digest } = await store.putTree(join(folder, 'x'), { how: 'copy' });
  store.checkout(digest, join(folder, 'y'));
  assert.equal(readFileSync(join(folder, 'y'), 'utf8'), 'xx');
  assert.equal(existsSync(join(folder, 'x')), true);
});

test('an empty folder is a tree', async (t) => {
  const { store, folder } = await scene(t);
  mkdirSync(join(folder, 'none'));
  const { digest } = await store.putTree(join(folder, 'none'), { how: 'move' });
  store.checkout(digest, join(folder, 'out'));
  assert.deepEqual(readdirSync(join(folder, 'out')), []);
});

test('the manifest of a tree is the blob with its digest', async (t) => {
  const { store, folder } = await scene(t);
  const { digest } = await store.putTree(sample(folder), { how: 'move' });
  assert.equal(digestBytes(store.blobs.read(digest) ?? ''), digest);
});

test('a link that is put by move is taken away, and what it points at stays', async (t) => {
  const { store, folder } = await scene(t);
  const path = sample(folder);
  symlinkSync(path, join(folder, 'link'));
  const { digest } = await store.putTree(join(folder, 'link'), { how: 'move' });
  assert.equal(existsSync(join(folder, 'link')), false);
  assert.equal(treeDigest(await scanTree(path)), digest);
});

test('a tree with a missing or cut blob is a miss with a warning', async (t) => {
  for (const damage of ['missing', 'cut'] as const) {
    const { store, folder, warnings } = await scene(t);
    const { digest } = await store.putTree(sample(folder), { how: 'move' });
    if (damage === 'missing') store.blobs.delete(digestBytes('xx'));
    else cut(store, 'xx');
    store.forget();
    assert.equal(store.hasTree(digest), false);
    assert.match(
      warnings.join(),
      damage === 'missing' ? /b\/x is not in the store/ : /b\/x has 1 bytes in the store, not 2/,
    );
    assert.throws(() => store.checkout(digest, join(folder, 'out')), { code: 'damaged-blob' });
  }
});

test('a flipped byte is noticed when files come out; the blob is put aside and the tree a miss', async (t) => {
  const { store, folder } = await scene(t);
  const { digest } = await store.putTree(sample(folder), { how: 'move' });
  flip(store, 'xx');
  assert.throws(() => store.checkout(digest, join(folder, 'out')), {
    code: 'damaged-blob',
    message: /b\/x/,
    hint: /quarantine/,
  });
  assert.equal(store.hasTree(digest), false);
  assert.equal(readdirSync(join(store.root, 'quarantine')).length, 1);

  await store.putTree(sample(folder), { how: 'move' });
  assert.equal(store.hasTree(digest), true);
  store.checkout(digest, join(folder, 'out-2'));
});

test('a damaged manifest is a miss with a warning', async (t) => {
  const { store, folder, warnings } = await scene(t);
  const { digest } = await store.putTree(sample(folder), { how: 'move' });
  const path = store.blobs.pathOf(digest);
  chmodSync(path, 0o644);
  writeFileSync(path, readFileSync(path, 'utf8').replace('"size":2', '"size":3'));
  store.forget();
  assert.equal(store.readTree(digest), undefined);
  assert.equal(store.hasTree(digest), false);
  assert.match(warnings.join(), /manifest.*damaged/);
});

test('a tree that was found is not looked for again', async (t) => {
  const { store, folder } = await scene(t);
  const { digest } = await store.putTree(sample(folder), { how: 'move' });
  store.blobs.delete(digestBytes('xx'));
  assert.equal(store.hasTree(digest), true);
});

test('a job that wrote through a hard link is found out', async (t) => {
  process.env.STET_LINK = 'hard';
  t.after(() => delete process.env.STET_LINK);
  const { store, folder, warnings } = await scene(t);
  const { digest } = await store.putTree(sample(folder), { how: 'move' });
  const { path, links } = store.checkout(digest, join(folder, 'out'));
  if (links === 0) return t.skip('this file system clones');
  assert.deepEqual(store.changedInputs(path), []);

  chmodSync(join(path, 'b', 'x'), 0o644);
  writeFileSync(join(path, 'b', 'x'), 'XX');
  assert.deepEqual(store.changedInputs(path), [join(path, 'b', 'x')]);
  assert.match(warnings.join(), /wrote to its input/);
  assert.equal(store.hasTree(digest), false);
});

test('a layout of the future is refused', async (t) => {
  const root = tempFolder(t);
  await (await openStore(root)).close();
  writeFileSync(join(root, 'stet-store.json'), '{"layout":2}');
  await assert.rejects(openStore(root), { code: 'store-layout', message: /layout 2; this version knows 1/ });
  writeFileSync(join(root, 'stet-store.json'), '{"lay');
  await assert.rejects(openStore(root), { code: 'store-layout' });
});

test('an adopted tree is used where it lies', async (t) => {
  const { store, folder } = await scene(t);
  const path = sample(folder);
  const { digest, size, fileCount } = await store.adoptTree(path);
  assert.equal(digest, treeDigest(await scanTree(path)));
  assert.deepEqual([size, fileCount], [6, 3]);
  assert.equal(store.blobs.has(digestBytes('xx')), false);
  assert.equal(store.hasTree(digest), true);
  assert.deepEqual(store.checkout(digest, join(folder, 'out')), { path, links: 0 });
  assert.equal(existsSync(join(folder, 'out')), false);
});

test('an adopted tree that changed is a miss, also when size and time look the same', async (t) => {
  const { store, folder, warnings } = await scene(t);
  const path = sample(folder);
  const { digest } = await store.adoptTree(path);
  store.checkout(digest, join(folder, 'in'));
  assert.deepEqual(store.changedInputs(join(folder, 'in')), []);
  writeFileSync(join(path, 'b', 'x'), 'XX');
  assert.deepEqual(store.changedInputs(join(folder, 'in')), [join(path, 'b', 'x')]);
  store.forget();
  assert.equal(store.hasTree(digest), false);
  assert.match(warnings.join(), /b\/x/);
  assert.throws(() => store.checkout(digest, join(folder, 'out')), { code: 'tree-missing', message: /have changed/ });
});

test('a tree that is both stored and adopted survives the loss of either', async (t) => {
  const { store, folder } = await scene(t);
  const path = sample(folder);
  const { digest } = await store.adoptTree(path);
  await store.putTree(path, { how: 'copy' });
  writeFileSync(join(path, 'b', 'x'), 'XX');
  store.forget();
  assert.equal(store.hasTree(digest), true);
  store.checkout(digest, join(folder, 'out'));
  assert.equal(readFileSync(join(folder, 'out', 'b', 'x'), 'utf8'), 'xx');
});

async function scene(t: TestContext): Promise<{ store: Store; folder: string; warnings: string[] }> {
  const folder = tempFolder(t);
  const warnings: string[] = [];
  const store = await openStore(join(folder, 'store'), { warn: (message) => warnings.push(message) });
  t.after(() => store.close());
  return { store, folder, warnings };
}

/** Three files, a link and an empty folder. */
function sample(folder: string): string {
  const path = join(folder, 'sample');
  mkdirSync(join(path, 'b'), { recursive: true });
  mkdirSync(join(path, 'empty'));
  writeFileSync(join(path, 'b', 'x'), 'xx');
  writeFileSync(join(path, 'a'), 'aa');
  writeFileSync(join(path, 'run'), 'rr', { mode: 0o755 });
  symlinkSync('b/x', join(path, 'last'));
  return path;
}

function cut(store: Store, text: string): void {
  const path = store.blobs.pathOf(digestBytes(text));
  chmodSync(path, 0o644);
  truncateSync(path, 1);
}

function flip(store: Store, text: string): void {
  const path = store.blobs.pathOf(digestBytes(text));
  chmodSync(path, 0o644);
  writeFileSync(path, text.toUpperCase());
}
