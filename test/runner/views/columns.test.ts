import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnsOf, cut, oneLine, pad } from '../../../runner/views/columns.ts';
import { paint } from '../../../runner/views/paint.ts';

test('wide characters take two columns, marks and colours none', () => {
  assert.equal(columnsOf('abc'), 3);
  assert.equal(columnsOf('学習'), 4);
  assert.equal(columnsOf('🤖'), 2);
  assert.equal(columnsOf('e\u0301'), 1);
  assert.equal(columnsOf(paint(true).red('abc')), 3);
});

test('a cut is marked, and leaves no colour open', () => {
  assert.equal(cut('abcdef', 4), 'abc…');
  assert.equal(cut('学習する', 4), '学…');
  assert.equal(cut(paint(true).red('abcdef'), 4), '\x1b[31mabc…\x1b[0m');
  assert.equal(cut('abc', 3), 'abc');
});

test('cut never exceeds, pad always fills', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.integer({ min: 0, max: 40 }), (text, columns) => {
      const line = oneLine(text);
      assert.ok(columnsOf(cut(line, columns)) <= columns);
      assert.equal(columnsOf(pad(line, columns)), columns);
    }),
  );
});
