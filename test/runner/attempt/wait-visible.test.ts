import assert from 'node:assert/strict';
import { type Dirent, mkdirSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { awaitVisible } from '../../../runner/attempt/wait-visible.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** A file system that shows a file or folder late: the first three times that it is listed it is not there. */
function showLate(t: TestContext, late: string): { readonly looks: () => number } {
  const list = fs.readdir as (folder: string, options: { withFileTypes: true }) => Promise<Dirent[]>;
  let looks = 0;
  const isHidden = (path: string): boolean => looks <= 3 && (path === late || path.startsWith(`${late}/`));
  const shown = t.mock.method(fs, 'readdir', async (folder: string, options: { withFileTypes: true }) => {
    if (folder === late || folder === dirname(late)) looks += 1;
    if (isHidden(folder)) throw new Error(`ENOENT: ${folder}`);
    return (await list(folder, options)).filter(({ name }) => !isHidden(join(folder, name)));
  });
  syncBuiltinESMExports();
  t.after(() => {
    shown.mock.restore();
    syncBuiltinESMExports();
  });
  return { looks: () => looks };
}

test('a file that shows up late is waited for', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'out.late'), '');
  const { looks } = showLate(t, join(folder, 'out.late'));
  await awaitVisible([{ folder, names: ['out.late'], counted: 'outputs' }], undefined, 10);
  assert.equal(looks(), 4);
});

test('a folder is waited for until it holds as much as its host counted', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'out.made'));
  writeFileSync(join(folder, 'out.made', 'a'), '');
  writeFileSync(join(folder, 'log.txt'), 'counts for nothing');
  mkdirSync(join(folder, 'out.made', 'deep'));
  writeFileSync(join(folder, 'out.made', 'deep', 'b'), '');
  const { looks } = showLate(t, join(folder, 'out.made', 'deep', 'b'));
  await awaitVisible([{ folder, names: ['out.made'], counted: 'outputs' }], 4, 10);
  assert.equal(looks(), 4);
});

test('a folder that attempts share counts itself, and all that is in it', async (t) => {
  const folder = join(tempFolder(t), 'out');
  mkdirSync(folder);
  writeFileSync(join(folder, 'model'), '');
  writeFileSync(join(folder, 'state'), '');
  const { looks } = showLate(t, folder);
  await awaitVisible([{ folder, names: ['model'], counted: 'all' }], 3, 10);
  assert.equal(looks(), 4);
});

test('what never comes is not waited for longer than was said', async (t) => {
  const before = performance.now();
  await awaitVisible([{ folder: tempFolder(t), names: ['out.never'], counted: 'outputs' }], undefined, 0.2);
  assert.ok(performance.now() - before < 5000);
});
