import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestBytes, digestFileSync, digestFiles, digestJson, isDigest } from '../../cache/digest.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('a digest is sha256 and 64 hex digits', () => {
  const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  assert.equal(digestBytes(''), empty);
  assert.equal(isDigest(empty), true);
  assert.equal(isDigest(empty.toUpperCase()), false);
  assert.equal(isDigest(`${empty}0`), false);
  assert.equal(digestJson({ b: 1, a: 2 }), digestBytes('{"a":2,"b":1}'));
});

test('files of every size have the digest of their bytes', (t) => {
  const folder = tempFolder(t);
  for (const size of [0, 1, 256 * 1024, 256 * 1024 + 1, 4 * 1024 * 1024, 9 * 1024 * 1024 + 3]) {
    const bytes = Buffer.alloc(size, `${size} `);
    const path = join(folder, String(size));
    writeFileSync(path, bytes);
    assert.equal(digestFileSync(path), digestBytes(bytes));
  }
});

test('digests of many files come in the order of their paths, large ones from workers', async (t) => {
  const folder = tempFolder(t);
  const sizes = [17e6, 10, 18e6, 0, 19e6];
  const paths = sizes.map((_, index) => join(folder, String(index)));
  for (const [index, path] of paths.entries()) writeFileSync(path, Buffer.alloc(sizes[index] ?? 0, index + 1));
  const expected = sizes.map(
    (size, index) =>
      `sha256:${createHash('sha256')
        .update(Buffer.alloc(size, index + 1))
        .digest('hex')}`,
  );
  assert.deepEqual(await digestFiles(paths, { workers: 2 }), expected);
  assert.deepEqual(await digestFiles(paths, { workers: 1 }), expected);
});

test('a file that is missing is an error, also next to large ones', async (t) => {
  await assert.rejects(digestFiles([join(tempFolder(t), 'none')]), { code: 'ENOENT' });
});
