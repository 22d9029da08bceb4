import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { statsDigest } from '../../cache/stats-digest.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('touching, adding, renaming and linking change the digest of stats; looking does not', (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'inner'));
  writeFileSync(join(folder, 'inner/a'), 'x');
  const seen = [statsDigest(folder)];
  const moved = (change: () => void): void => {
    assert.equal(statsDigest(folder), seen.at(-1));
    change();
    seen.push(statsDigest(folder));
    assert.equal(new Set(seen).size, seen.length);
  };
  moved(() => utimesSync(join(folder, 'inner/a'), 1, 1));
  moved(() => writeFileSync(join(folder, 'b'), ''));
  moved(() => renameSync(join(folder, 'b'), join(folder, 'c\n1 2 3')));
  moved(() => symlinkSync('b', join(folder, 'link')));
});

test('a folder without files is refused', (t) => {
  assert.throws(() => statsDigest(tempFolder(t)), { code: 'path-missing' });
});
