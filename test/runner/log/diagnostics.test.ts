import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDiagnostics } from '../../../runner/log/diagnostics.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('what cannot be noted down for want of room stops nobody', {
  skip: existsSync('/dev/full') ? false : 'there is no /dev/full',
}, () => {
  const diagnostics = openDiagnostics('/dev/full');
  for (const what of ['a', 'b', 'c']) diagnostics.info({ what }, 'submit');
  diagnostics.error({ err: new Error('d') }, 'ingest');
});

test('a file of diagnostics that cannot be made is made with a later line', (t) => {
  const folder = join(tempFolder(t), 'later');
  const path = join(folder, 'diagnostics.jsonl');
  const diagnostics = openDiagnostics(path);
  diagnostics.info({}, 'lost');
  mkdirSync(folder);
  diagnostics.info({ what: 1 }, 'kept');
  assert.match(readFileSync(path, 'utf8'), /"what":1.*"msg":"kept"/);
});
