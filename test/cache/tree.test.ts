import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestBytes } from '../../cache/digest.ts';
import { scanTree, treeDigest, treeFileCount, treeSize } from '../../cache/tree.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('a folder is its paths, sizes, contents, executable bits, links and empty folders', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'b', 'empty'), { recursive: true });
  writeFileSync(join(folder, 'b', 'x'), 'xx');
  writeFileSync(join(folder, 'b-run'), '#!', { mode: 0o755 });
  symlinkSync('b/x', join(folder, 'last'));

  const tree = await scanTree(folder);
  assert.deepEqual(tree, {
    kind: 'folder',
    entries: [
      { path: 'b-run', kind: 'file', executable: true, size: 2, digest: digestBytes('#!') },
      { path: 'b/empty', kind: 'folder' },
      { path: 'b/x', kind: 'file', executable: false, size: 2, digest: digestBytes('xx') },
      { path: 'last', kind: 'link', target: 'b/x' },
    ],
  });
  assert.equal(treeSize(tree), 4);
  assert.equal(treeFileCount(tree), 2);
});

test('a file is one entry without a path; a link to it is the file', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'x'), 'xx');
  symlinkSync('x', join(folder, 'link'));
  const expected = {
    kind: 'file',
    entries: [{ path: '', kind: 'file', executable: false, size: 2, digest: digestBytes('xx') }],
  };
  assert.deepEqual(await scanTree(join(folder, 'x')), expected);
  assert.deepEqual(await scanTree(join(folder, 'link')), expected);
});

test('times and other mode bits do not count', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'x');
  writeFileSync(path, 'xx');
  const before = treeDigest(await scanTree(folder));
  utimesSync(path, 1, 1);
  chmodSync(path, 0o600);
  assert.equal(treeDigest(await scanTree(folder)), before);
  chmodSync(path, 0o755);
  assert.notEqual(treeDigest(await scanTree(folder)), before);
});

test('an absolute link into the folder is kept as a relative one', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'a', 'b'), { recursive: true });
  writeFileSync(join(folder, 'x'), '');
  symlinkSync(join(folder, 'x'), join(folder, 'a', 'b', 'link'));
  const { entries } = await scanTree(folder);
  assert.deepEqual(entries[0], { path: 'a/b/link', kind: 'link', target: '../../x' });
});

test('links out of the folder are refused, dangling ones inside are kept', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'a'));
  symlinkSync('missing', join(folder, 'a', 'dangling'));
  assert.equal((await scanTree(folder)).entries.length, 1);
  for (const target of ['../..', '../../etc', '/etc/passwd', '../../../x']) {
    const path = join(folder, 'a', target.replaceAll('/', '_'));
    symlinkSync(target, path);
    await assert.rejects(scanTree(folder), { code: 'link-leaves-folder', message: new RegExp(path) });
    execFileSync('rm', [path]);
  }
});

test('pipes and sockets are refused by name', async (t) => {
  const folder = tempFolder(t);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await assert.rejects(scanTree(folder), { code: 'not-a-file', message: /pipe/ });
  await assert.rejects(scanTree(join(folder, 'pipe')), { code: 'not-a-file' });
  execFileSync('rm', [join(folder, 'pipe')]);

  const server = createServer();
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
  await assert.rejects(scanTree(folder), { code: 'not-a-file', message: /socket/ });
});

test('names that are not UTF-8 are refused, a name with the replacement character is not', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'a\uFFFD'), '');
  assert.equal((await scanTree(folder)).entries.length, 1);
  writeFileSync(Buffer.concat([Buffer.from(join(folder, 'b')), Buffer.from([0xff])]), '');
  await assert.rejects(scanTree(folder), { code: 'file-name-not-utf8', message: new RegExp(folder) });
});

test('what is missing is a problem that names it', async (t) => {
  await assert.rejects(scanTree(join(tempFolder(t), 'none')), { code: 'file-missing', message: /none/ });
});
