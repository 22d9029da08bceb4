import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { awaitVisible } from '../../runner/late-files.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('a file that shows up late is waited for', async (t) => {
  const path = join(tempFolder(t), 'late');
  setTimeout(() => writeFileSync(path, ''), 300);
  await awaitVisible({ paths: [path], folders: [] }, 10);
  assert.ok(existsSync(path));
});

test('a folder is waited for until it holds as much as its host counted', async (t) => {
  const folder = join(tempFolder(t), 'out');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a'), '');
  setTimeout(() => {
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'deep', 'b'), '');
  }, 300);
  await awaitVisible({ paths: [folder], folders: [folder], entries: 4 }, 10);
  assert.ok(existsSync(join(folder, 'deep', 'b')));
});

test('what never comes is not waited for longer than was said', async (t) => {
  const before = performance.now();
  await awaitVisible({ paths: [join(tempFolder(t), 'never')], folders: [] }, 0.2);
  assert.ok(performance.now() - before < 5000);
});
