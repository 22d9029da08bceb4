import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { tempFolder } from '../support/temp-folder.ts';

const home = packageRoot();
const readme = readFileSync(join(home, 'README.md'), 'utf8');

test('the code in the README compiles', (t) => {
  const blocks = [...readme.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)];
  assert.ok(blocks.length > 0);
  const folder = tempFolder(t);
  for (const name of ['tasks', 'cache', 'node_modules']) symlinkSync(join(home, name), join(folder, name));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  mkdirSync(join(folder, 'pipelines'));
  symlinkSync(join(home, 'pipelines/core'), join(folder, 'pipelines/core'));
  for (const [, path = '', code = ''] of blocks) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), code);
  }
  const settings = {
    extends: join(home, 'tsconfig.json'),
    compilerOptions: { noEmit: true, incremental: false, rootDir: '/' },
    files: blocks.map(([, path]) => path),
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const { stdout, status } = spawnSync(join(home, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

test('every file that the README points at exists', () => {
  const targets = [...readme.matchAll(/\]\(((?!https?:)[^)#]+)/g)].map(([, path = '']) => path);
  assert.ok(targets.length > 5);
  for (const path of targets)
    assert.ok(existsSync(join(home, path)), `README.md points at ${path}, which is not there`);
});

test('the test command in the README is the one that CI runs', () => {
  assert.match(readme, /```sh\nnpm ci && npm test\n```/);
  assert.match(readFileSync(join(home, '.ci/run'), 'utf8'), /^npm ci && npm test$/m);
});
