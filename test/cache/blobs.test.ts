import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  chmodSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Blobs } from '../../cache/blobs.ts';
import { digestBytes } from '../../cache/digest.ts';
import { tempFolder } from '../support/temp-folder.ts';

const digest = digestBytes('hello');

test('a moved file is gone, its blob is read-only and lies under its digest', async (t) => {
  const { blobs, root } = scene(t);
  const path = file(root, 'hello');
  await blobs.put([{ digest, path, how: 'move', sizeBytes: 5 }]);
  assert.equal(existsSync(path), false);
  assert.equal(blobs.pathOf(digest), join(root, 'blobs', 'sha256', digest.slice(7, 9), digest.slice(9)));
  assert.equal(readFileSync(blobs.pathOf(digest), 'utf8'), 'hello');
  assert.equal(statSync(blobs.pathOf(digest)).mode & 0o777, 0o444);
});

test('a copied file stays as it was', async (t) => {
  const { blobs, root } = scene(t);
  const path = file(root, 'hello');
  await blobs.put([{ digest, path, how: 'copy', sizeBytes: 5 }]);
  assert.equal(statSync(path).mode & 0o777, 0o644);
  assert.notEqual(statSync(path).ino, statSync(blobs.pathOf(digest)).ino);
});

test('a file with another name is copied, so nobody keeps a way to write to the blob', async (t) => {
  const { blobs, root } = scene(t);
  const path = file(root, 'hello');
  linkSync(path, `${path}-2`);
  await blobs.put([{ digest, path, how: 'move', sizeBytes: 5 }]);
  writeFileSync(`${path}-2`, 'HELLO');
  assert.equal(readFileSync(blobs.pathOf(digest), 'utf8'), 'hello');
  assert.equal(existsSync(path), false);
});

test('equal content is stored once', async (t) => {
  const { blobs, root } = scene(t);
  await blobs.put([{ digest, how: 'write', bytes: 'hello' }]);
  const { ino } = statSync(blobs.pathOf(digest));
  const path = file(root, 'hello');
  await blobs.put([{ digest, path, how: 'move', sizeBytes: 5 }]);
  assert.equal(statSync(blobs.pathOf(digest)).ino, ino);
  assert.equal(existsSync(path), false);
  assert.deepEqual([...blobs.list()], [digest]);
});

test('a blob that was cut off is replaced', async (t) => {
  const { blobs } = scene(t);
  await blobs.put([{ digest, how: 'write', bytes: 'hello' }]);
  truncateSync(blobs.pathOf(digest), 2);
  assert.equal(blobs.has(digest), true);
  assert.equal(blobs.has(digest, 5), false);
  await blobs.put([{ digest, how: 'write', bytes: 'hello' }]);
  assert.equal(readFileSync(blobs.pathOf(digest), 'utf8'), 'hello');
});

test('a restored file can be written to without changing the blob', async (t) => {
  const { blobs, root } = scene(t);
  await blobs.put([{ digest, how: 'write', bytes: 'hello' }]);
  for (const executable of [false, true]) {
    const dest = join(root, `out-${String(executable)}`);
    const how = blobs.restore(digest, dest, { executable });
    assert.equal((statSync(dest).mode & 0o100) !== 0, executable);
    if (how === 'link') continue;
    writeFileSync(dest, 'HELLO');
    assert.equal(readFileSync(blobs.pathOf(digest), 'utf8'), 'hello');
  }
});

test('hard links are made on request, and never for executables', async (t) => {
  const { blobs, root } = scene(t);
  process.env.STET_LINK = 'hard';
  t.after(() => delete process.env.STET_LINK);
  await blobs.put([{ digest, how: 'write', bytes: 'hello' }]);
  const how = blobs.restore(digest, join(root, 'a'), { executable: false });
  assert.ok(how === 'link' || how === 'clone');
  assert.notEqual(blobs.restore(digest, join(root, 'b'), { executable: true }), 'link');
  if (how === 'link') assert.equal(statSync(join(root, 'a')).mode & 0o777, 0o444);
});

test('what exists is not overwritten by a restore', async (t) => {
  const { blobs, root } = scene(t);
  await blobs.put([{ digest, how: 'write', bytes: 'hello' }]);
  const path = file(root, 'mine');
  assert.throws(() => blobs.restore(digest, path, { executable: false }));
  assert.equal(readFileSync(path, 'utf8'), 'mine');
});

test('a blob in quarantine is missing, and its bytes are kept', async (t) => {
  const { blobs } = scene(t);
  await blobs.put([{ digest, how: 'write', bytes: 'hello' }]);
  const place = blobs.quarantine(digest);
  assert.equal(readFileSync(place ?? '', 'utf8'), 'hello');
  assert.equal(blobs.has(digest), false);
  assert.equal(blobs.read(digest), undefined);
  assert.equal(blobs.rehash(digest), undefined);
  assert.equal(blobs.quarantine(digest), undefined);
});

test('an old blob that is put again counts as new, and keeps its mtime', async (t) => {
  const { blobs } = scene(t);
  await blobs.put([{ digest, how: 'write', bytes: 'hello' }]);
  const before = statSync(blobs.pathOf(digest), { bigint: true });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
  await blobs.put([{ digest, how: 'write', bytes: 'hello' }]);
  const after = statSync(blobs.pathOf(digest), { bigint: true });
  assert.equal(after.mtimeNs, before.mtimeNs);
  assert.ok(after.ctimeNs > before.ctimeNs);
});

test('a folder without the right to write is a problem', {
  skip: process.getuid?.() === 0 && 'root may write anywhere',
}, async (t) => {
  const { blobs, root } = scene(t);
  chmodSync(join(root, 'tmp'), 0o555);
  await assert.rejects(blobs.put([{ digest, how: 'write', bytes: 'hello' }]), { code: 'store-read-only' });
});

function scene(t: TestContext): { blobs: Blobs; root: string } {
  const root = tempFolder(t);
  mkdirSync(join(root, 'blobs', 'sha256'), { recursive: true });
  mkdirSync(join(root, 'tmp'));
  mkdirSync(join(root, 'quarantine'));
  return { blobs: new Blobs(root), root };
}

function file(folder: string, text: string): string {
  const path = join(folder, 'file');
  writeFileSync(path, text);
  return path;
}
