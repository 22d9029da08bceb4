import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { entryName, entryNames, placeName } from '../../../runner/files/entry-names.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('ordinary texts are their own names', () => {
  for (const text of ['a', 'step-10', 'TRI+2023-05-01', 'lr=0.1,seed=2', 'größe', 'with blank', 'a.b~c'])
    assert.equal(entryName(text), text);
});

test('no name is a step up or hidden, and none is empty', () => {
  assert.deepEqual(
    ['', '.', '..', '../../x', 'a/b', 'a_b', '.git', '50%', 'a\nb', '\uD800'].map((text) => entryName(text)),
    ['%', '%2E', '%2E.', '%2E.%2F..%2Fx', 'a%2Fb', 'a_b', '%2Egit', '50%25', 'a%0Ab', '%ud800'],
  );
});

test('names that a file system may take for one are told apart, and so are values with and without files', () => {
  const wanted = [
    ...['a', 'A', 'é', 'e\u0301', 'ß', 'ss', 'x.', 'x', 'b'].map((name) => ({ name })),
    { name: 'n.json' },
    { name: 'n', end: '.json' },
  ];
  const names = entryNames(wanted);
  assert.equal(new Set(names.map((name) => name.normalize('NFC').toLowerCase())).size, names.length);
  assert.equal(names[8], 'b');
});

test('any texts become different names that the file system here takes', (t) => {
  const folder = tempFolder(t);
  let sample = 0;
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: fc.constantFrom('.', '/', '%', '~', 'a', 'A', '2', 'F', 'é', '\uD83D'), maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('é', '漢', 'x'), minLength: 80, maxLength: 300 }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 12 }), (texts) => {
      const at = join(folder, String((sample += 1)));
      mkdirSync(at);
      const names = entryNames(texts.map((name) => ({ name })));
      for (const name of names) writeFileSync(join(at, name), '', { flag: 'wx' });
      assert.equal(readdirSync(at).length, texts.length);
    }),
    { numRuns: 150 },
  );
});

test('keys that lead to different places give different names, whatever is in them', () => {
  const places = [
    ['in', 'rows', '3', 'policy'],
    ['in', 'a.b'],
    ['in', 'a', 'b'],
    ['in', '..', 'x'],
    ['in', '../x'],
    ['in', ''],
    ['in'],
  ];
  assert.deepEqual(
    places.map((keys) => placeName(keys)),
    ['in.rows.3.policy', 'in.a%2Eb', 'in.a.b', 'in.%2E%2E.x', 'in.%2E%2E%2Fx', 'in.%', 'in'],
  );
  assert.equal(Buffer.byteLength(placeName(['in', 'long'.repeat(99)])), 255);
});
