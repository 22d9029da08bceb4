import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
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
