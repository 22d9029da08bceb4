import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { outOfStep } from '../support/compiled-files.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('a compiled file whose source is gone is found, and a source that was not compiled', (t) => {
  const root = tempFolder(t);
  const files = ['cache/a.ts', 'test/b.test.ts', 'test/types.d.ts', 'test/data/x.json'];
  const compiled = ['cache/a.js', 'cache/a.d.ts', 'test/gone.test.js', 'tsconfig.tsbuildinfo'];
  for (const name of [...files, ...compiled.map((name) => join('dist', name))]) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), '');
  }
  assert.deepEqual(outOfStep(root), { orphans: ['test/gone.test.js'], missing: ['test/b.test.js'] });
});

test('where nothing is built all is missing', (t) => {
  const root = tempFolder(t);
  mkdirSync(join(root, 'cache'));
  writeFileSync(join(root, 'cache', 'a.ts'), '');
  assert.deepEqual(outOfStep(root), { orphans: [], missing: ['cache/a.js'] });
});
