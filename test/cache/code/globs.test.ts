import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { globDigests } from '../../../cache/code/globs.ts';
import { digestBytes } from '../../../cache/digest.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('a plain name, a star and a double star find their files', async (t) => {
  const root = tempFolder(t);
  mkdirSync(join(root, 'conf', 'deep'), { recursive: true });
  for (const path of ['uv.lock', 'conf/a.yaml', 'conf/b.json', 'conf/deep/c.yaml'])
    writeFileSync(join(root, path), path);

  assert.deepEqual(await globDigests(root, ['uv.lock']), { 'uv.lock': digestBytes('uv.lock') });
  assert.deepEqual(Object.keys(await globDigests(root, ['conf/*.yaml'])), ['conf/a.yaml']);
  assert.deepEqual(Object.keys(await globDigests(root, ['conf/**/*.yaml', 'uv.*'])), [
    'conf/a.yaml',
    'conf/deep/c.yaml',
    'uv.lock',
  ]);
  assert.deepEqual(Object.keys(await globDigests(root, ['./uv.lock', 'conf/{a,b}.*'])), [
    'conf/a.yaml',
    'conf/b.json',
    'uv.lock',
  ]);
});

test('installed packages are not searched unless a pattern names their folder', async (t) => {
  const root = tempFolder(t);
  mkdirSync(join(root, 'node_modules', 'x'), { recursive: true });
  writeFileSync(join(root, 'node_modules', 'x', 'a.js'), '');
  writeFileSync(join(root, 'b.js'), '');
  assert.deepEqual(Object.keys(await globDigests(root, ['**/*.js'])), ['b.js']);
  assert.deepEqual(Object.keys(await globDigests(root, ['node_modules/x/*.js'])), ['node_modules/x/a.js']);
});

test('patterns that match nothing are named, all at once', async (t) => {
  await assert.rejects(globDigests(tempFolder(t), ['uv.lock', '*.toml']), {
    code: 'no-code-files',
    message: /"uv\.lock", "\*\.toml"/,
  });
});

test('links count by what they lead to, and those that lead nowhere or round in a circle hold nothing up', async (t) => {
  const root = tempFolder(t);
  const outside = tempFolder(t);
  mkdirSync(join(root, 'src'));
  mkdirSync(join(root, 'lib'));
  for (const path of [join(root, 'src', 'a.py'), join(root, 'lib', 'b.py'), join(outside, 'data.py')])
    writeFileSync(path, path.slice(-4));
  symlinkSync('me@host.1234:5', join(root, 'src', '.#a.py'));
  symlinkSync('a.py', join(root, 'src', 'same.py'));
  symlinkSync('../lib', join(root, 'src', 'lib'));
  symlinkSync('../src', join(root, 'lib', 'back'));
  symlinkSync('.', join(root, 'src', 'here'));
  symlinkSync('..', join(root, 'src', 'up'));
  symlinkSync('loop.py', join(root, 'src', 'loop.py'));
  symlinkSync(outside, join(root, 'src', 'data'));

  const digests = await globDigests(root, ['src/**/*.py']);
  assert.deepEqual(Object.keys(digests), ['src/a.py', 'src/lib/b.py', 'src/same.py']);
  assert.equal(digests['src/same.py'], digestBytes('a.py'));
  assert.ok('src/data/data.py' in (await globDigests(root, ['src/**'])));
  assert.ok('src/data/data.py' in (await globDigests(root, ['src/data/*.py'])));
});

test('what is no file and matches is refused before it is read', { timeout: 20_000 }, async (t) => {
  const root = tempFolder(t);
  symlinkSync('/dev/zero', join(root, 'zero.yaml'));
  await assert.rejects(globDigests(root, ['*.yaml']), { code: 'not-a-file', message: /zero\.yaml is a device/ });
});
