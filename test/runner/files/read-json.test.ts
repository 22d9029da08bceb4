import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { readJson } from '../../../runner/files/read-json.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('a file that is missing, torn or of another shape says nothing', (t) => {
  const path = join(tempFolder(t), 'exit.json');
  const read = (): { code: number } | undefined => readJson(path, z.object({ code: z.int() }));
  assert.equal(read(), undefined);
  for (const text of ['', '{"code":', '{"code":"0"}', 'null', '{}']) {
    writeFileSync(path, text);
    assert.equal(read(), undefined, text);
  }
  writeFileSync(path, '{"code":0,"more":1}');
  assert.deepEqual(read(), { code: 0 });
});
