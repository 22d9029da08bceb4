import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '../../../cache/problem.ts';
import { loadSiteFile } from '../../../runner/site/site-file.ts';
import { tempFolder } from '../../support/temp-folder.ts';

for (const type of ['module', 'commonjs']) {
  test(`the default export of a site file in a ${type} project is its content`, async (t) => {
    const root = tempFolder(t);
    writeFileSync(join(root, 'package.json'), JSON.stringify({ type }));
    writeFileSync(
      join(root, 'pipeline.config.ts'),
      'interface S { store: string }\nexport default { store: "/data" } satisfies S;',
    );
    assert.deepEqual(await loadSiteFile(root), { store: '/data' });
  });
}

test('a project without a site file has none', async (t) => {
  assert.equal(await loadSiteFile(tempFolder(t)), undefined);
});

test('a site file that cannot be loaded is named', async (t) => {
  const root = tempFolder(t);
  writeFileSync(join(root, 'pipeline.config.ts'), "throw new Error('no luck');");
  await assert.rejects(
    loadSiteFile(root),
    (error) =>
      Problem.is(error) && error.code === 'site-file-broken' && /pipeline\.config\.ts.*no luck/.test(error.message),
  );
});
