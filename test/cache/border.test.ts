import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { canonicalJson, type Json } from '../../cache/canonical-json.ts';
import { collectGarbage } from '../../cache/collect.ts';
import { type Digest, digestBytes } from '../../cache/digest.ts';
import { isEntryPath, parseDigest } from '../../cache/border.ts';
import { openStore, type Store } from '../../cache/store.ts';
import { verifyStore } from '../../cache/verify.ts';
import { aRecord } from '../support/records.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('a digest is 64 hex digits of sha256 and nothing else', () => {
  const digest = digestBytes('x');
  assert.equal(parseDigest(digest), digest);
  const wrong = [
    '',
    'sha256:',
    `${digest}\n`,
    `${digest}/`,
    digest.toUpperCase(),
    `sha256:../../${'a'.repeat(58)}`,
    7,
    null,
  ];
  for (const value of wrong) assert.throws(() => parseDigest(value), { code: 'wrong-digest' });
});

test('a path of an entry stays below the folder that it is joined to', () => {
  for (const path of ['a', 'a/b', '..a/b..', '...', 'a b/ü', '.hidden']) assert.ok(isEntryPath(path), path);
  for (const path of ['', '.', '..', '/', '/a', 'a/', 'a//b', './a', 'a/.', 'a/../b', '../a', 'a/..', 'a\0b', 3])
    assert.ok(!isEntryPath(path), String(path));
});

test('no manifest of a foreign store is written outside of the place that was asked for, or through a link', async (t) => {
  const { store, folder, warnings } = await scene(t);
  const blob = digestBytes('attack');
  await store.blobs.put([{ digest: blob, how: 'write', bytes: 'attack' }]);
  const file = (path: string): Json => ({ path, kind: 'file', executable: false, size: 6, digest: blob });
  const victim = join(folder, 'victim');
  const manifests: Json[] = [
    { kind: 'folder', entries: [file('../victim/a')] },
    { kind: 'folder', entries: [file('ok'), file('x/../../victim/a')] },
    { kind: 'folder', entries: [file(join(victim, 'a'))] },
    { kind: 'folder', entries: [{ path: '../victim/folder', kind: 'folder' }] },
    { kind: 'folder', entries: [{ path: '../victim/link', kind: 'link', target: 'x' }] },
    { kind: 'folder', entries: [{ path: 'l', kind: 'link', target: victim }] },
    { kind: 'folder', entries: [{ path: 'l', kind: 'link', target: '../victim' }] },
    { kind: 'folder', entries: [{ path: 'l', kind: 'link', target: victim }, file('l/a')] },
    { kind: 'folder', entries: [{ path: 'l', kind: 'link', target: 'real' }, file('l/a')] },
    {
      kind: 'folder',
      entries: [
        { path: 'a/b/m', kind: 'link', target: 's/../victim' },
        { path: 'a/b/s', kind: 'link', target: '../..' },
      ],
    },
    { kind: 'folder', entries: [file('a'), file('a')] },
    { kind: 'folder', entries: [file('a'), file('a/b')] },
    { kind: 'folder', entries: [{ path: 'a', kind: 'device' }] },
    {
      kind: 'folder',
      entries: [{ path: 'a', kind: 'file', executable: false, size: 6, digest: 'sha256:../../../victim/precious' }],
    },
    { kind: 'file', entries: [file('../victim/a')] },
    { kind: 'file', entries: [] },
    { kind: 'folder' },
    [],
    null,
  ];
  for (const [i, manifest] of manifests.entries()) {
    const text = canonicalJson(manifest);
    await store.blobs.put([{ digest: digestBytes(text), how: 'write', bytes: text }]);
    assert.equal(store.hasTree(digestBytes(text)), false, text);
    assert.throws(() => store.checkout(digestBytes(text), join(folder, `out-${i}`)), { code: 'tree-missing' }, text);
  }
  assert.deepEqual(readdirSync(victim), ['precious']);
  assert.deepEqual(readdirSync(folder).sort(), ['store', 'victim']);
  assert.match(warnings.join('\n'), /"\.\.\/victim\/a" does not stay inside/);
});

test('a digest that is a path moves, reads and deletes nothing', async (t) => {
  const { store, folder } = await scene(t);
  const evil = 'sha256:../../../../victim/precious' as Digest;
  const uses: (() => unknown)[] = [
    () => store.hasTree(evil),
    () => store.readTree(evil),
    () => store.checkout(evil, join(folder, 'out')),
    () => store.blobs.quarantine(evil),
    () => store.blobs.delete(evil),
    () => store.blobs.read(evil),
    () => store.blobs.rehash(evil),
  ];
  for (const use of uses) assert.throws(use, { code: 'wrong-digest' });
  await assert.rejects(store.blobs.put([{ digest: evil, how: 'write', bytes: 'x' }]), { code: 'wrong-digest' });
  assert.equal(readFileSync(join(folder, 'victim', 'precious'), 'utf8'), 'precious');
});

test('a record that names files by something else than a digest is a miss', async (t) => {
  const { store, warnings } = await scene(t);
  const evil = { $artifact: { kind: 'folder', digest: 'sha256:../../../../victim/precious', size: 1, meta: {} } };
  const record = aRecord({ outputs: { deep: { $stream: [{ key: 'a', value: [evil] }] } } });
  await store.records.set(record);
  assert.equal(await store.records.get(record.fingerprint), undefined);
  assert.match(warnings.join(), /names files by no digest/);
  await verifyStore(store);
});

test('adopted files that a foreign list places nowhere are not looked at', async (t) => {
  const { store, folder, warnings } = await scene(t);
  writeFileSync(join(folder, 'victim', 'more'), 'more');
  const { digest } = await store.adoptTree(join(folder, 'victim'));
  const path = join(store.root, 'adopted', `${digest.slice(7)}.json`);
  for (const list of [
    { origin: '../victim', files: {} },
    { origin: 3 },
    { origin: folder, files: { '../x': {} } },
    7,
  ]) {
    writeFileSync(path, JSON.stringify(list));
    store.forget();
    assert.equal(store.hasTree(digest), false);
  }
  assert.match(warnings.join(), /cannot be read/);
});

test('a store with a link in the place of one of its parts is refused before anything in it is touched', async (t) => {
  for (const part of ['tmp', 'blobs', 'quarantine', 'adopted', 'stat-cache.jsonl', 'records']) {
    const { store, folder } = await scene(t);
    rmSync(join(store.root, part), { recursive: true, force: true });
    symlinkSync(join(folder, 'victim'), join(store.root, part));
    await assert.rejects(openStore(store.root), { code: 'store-leaves' });
  }
});

test('collecting and verifying touch nothing behind links that lie in a store', async (t) => {
  const { store, folder } = await scene(t);
  const victim = join(folder, 'victim');
  const name = digestBytes('precious').slice(9);
  writeFileSync(join(victim, name), 'changed');
  symlinkSync(victim, join(store.root, 'tmp', 'link'));
  symlinkSync(victim, join(store.root, 'blobs', 'sha256', digestBytes('precious').slice(7, 9)));
  mkdirSync(join(store.root, 'blobs', 'sha256', 'ab'));
  writeFileSync(join(store.root, 'blobs', 'sha256', 'ab', 'not-a-blob'), '');
  await verifyStore(store);
  await collectGarbage(store, { keep: [], dryRun: false, minAgeSeconds: -1 });
  assert.deepEqual(readdirSync(victim).sort(), [name, 'precious'].sort());
  assert.equal(existsSync(join(store.root, 'tmp', 'link')), false);
});

test('a link under a blob is no blob: what it points at is neither used nor changed', async (t) => {
  const { store, folder } = await scene(t);
  const digest = digestBytes('precious');
  const precious = join(folder, 'victim', 'precious');
  const before = lstatSync(precious);
  mkdirSync(join(store.root, 'blobs', 'sha256', digest.slice(7, 9)), { recursive: true });
  symlinkSync(precious, store.blobs.pathOf(digest));
  assert.equal(store.blobs.has(digest), false);
  await store.blobs.put([{ digest, how: 'write', bytes: 'precious' }]);
  assert.equal(lstatSync(store.blobs.pathOf(digest)).isFile(), true);
  assert.deepEqual([lstatSync(precious).mode, lstatSync(precious).ctimeMs], [before.mode, before.ctimeMs]);
});

async function scene(t: TestContext): Promise<{ store: Store; folder: string; warnings: string[] }> {
  const folder = tempFolder(t);
  const warnings: string[] = [];
  const store = await openStore(join(folder, 'store'), {
    records: 'files:records',
    warn: (text) => warnings.push(text),
  });
  t.after(() => store.close());
  mkdirSync(join(folder, 'victim'));
  writeFileSync(join(folder, 'victim', 'precious'), 'precious');
  return { store, folder, warnings };
}
