import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findLostNumber } from '../../../runner/files/kept-numbers.ts';

test('a number that would be another after reading is found at its place', () => {
  const found = (text: string): string => {
    const lost = findLostNumber(text);
    return lost ? `${lost.keys.join('.')} ${lost.text}` : '';
  };
  assert.equal(found('{"a": [1, {"loss": NaN}], "b": 2}'), 'a.1.loss NaN');
  assert.equal(found('[-Infinity]'), '0 -Infinity');
  assert.equal(found('Infinity'), ' Infinity');
  assert.equal(found('{"id" : 9007199254740993}'), 'id 9007199254740993');
  assert.equal(found('{"x":["NaN", "\\"", 1152921504606846976]}'), 'x.2 1152921504606846976');
  assert.equal(found('[1e999]'), '0 1e999');
});

test('what is written back as it stands is none', () => {
  for (const text of [
    '"NaN"',
    '{"NaN":1}',
    '[9007199254740991, 0.12345678901234567890, -0.0, 1e300]',
    '100000000000000000',
  ])
    assert.equal(findLostNumber(text), undefined, text);
});

test('whatever JSON a double can hold passes, and an integer that it cannot hold never does', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => findLostNumber(JSON.stringify(value)) === undefined));
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }), fc.array(fc.string()), (integer, beside) => {
      const kept = String(Number(integer)) === String(integer);
      const text = `{"beside":${JSON.stringify(beside)},"it":[${integer}]}`;
      assert.equal(findLostNumber(text)?.keys.join('.'), kept ? undefined : 'it.0');
    }),
  );
});
