import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { awaitVisible } from '../../../runner/attempt/wait-visible.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('a file that shows up late is waited for', async (t) => {
  const folder = tempFolder(t);
  setTimeout(() => writeFileSync(join(folder, 'out.late'), ''), 300);
  await awaitVisible([{ folder, names: ['out.late'], counted: 'outputs' }], undefined, 10);
  assert.ok(existsSync(join(folder, 'out.late')));
});

test('a folder is waited for until it holds as much as its host counted', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'out.made'));
  writeFileSync(join(folder, 'out.made', 'a'), '');
  writeFileSync(join(folder, 'log.txt'), 'counts for nothing');
  setTimeout(() => {
    mkdirSync(join(folder, 'out.made', 'deep'));
    writeFileSync(join(folder, 'out.made', 'deep', 'b'), '');
  }, 300);
  await awaitVisible([{ folder, names: ['out.made'], counted: 'outputs' }], 4, 10);
  assert.ok(existsSync(join(folder, 'out.made', 'deep', 'b')));
});

test('a folder that attempts share counts itself, and all that is in it', async (t) => {
  const folder = join(tempFolder(t), 'out');
  setTimeout(() => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'model'), '');
    writeFileSync(join(folder, 'state'), '');
  }, 300);
  await awaitVisible([{ folder, names: ['model'], counted: 'all' }], 3, 10);
  assert.ok(existsSync(join(folder, 'state')));
});

test('what never comes is not waited for longer than was said', async (t) => {
  const before = performance.now();
  await awaitVisible([{ folder: tempFolder(t), names: ['out.never'], counted: 'outputs' }], undefined, 0.2);
  assert.ok(performance.now() - before < 5000);
});
