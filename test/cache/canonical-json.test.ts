import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { canonicalJson } from '../../cache/canonical-json.ts';

test('keys are sorted by code unit and blanks left out', () => {
  assert.equal(
    canonicalJson({ b: [1, 'x', null, true], a: { Z: 0.5, ä: 1, z: 2 } }),
    '{"a":{"Z":0.5,"z":2,"ä":1},"b":[1,"x",null,true]}',
  );
});

test('the text is JSON with the same value, whatever the order of keys', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      const text = canonicalJson(plain);
      assert.deepEqual(JSON.parse(text), plain);
      assert.equal(canonicalJson(reversed(plain)), text);
    }),
  );
});

for (const [name, value, words] of [
  ['NaN', { a: [1, Number.NaN] }, /^a\[1\] is NaN/],
  ['infinity', { a: Infinity }, /^a is Infinity/],
  ['minus zero', { a: { b: -0 } }, /^a\.b is -0/],
  ['undefined as a property', { a: undefined }, /^a is undefined/],
  ['undefined in an array', [undefined], /^\[0\] is undefined/],
  ['a hole in an array', [1, , 2], /^\[1\] is undefined/], // oxlint-disable-line no-sparse-arrays
  ['a date', { when: new Date(0) }, /class Date/],
  ['a map', new Map(), /the value itself is an object of class Map/],
  ['a typed array', { a: new Uint8Array(2) }, /class Uint8Array/],
  [
    'an instance',
    {
      a: new (class Robot {
        speed = 1;
      })(),
    },
    /class Robot/,
  ],
  ['a bigint', { a: 1n }, /^a is a bigint/],
  ['a symbol', { a: Symbol('x') }, /^a is a symbol/],
  ['a property named by a symbol', { a: { [Symbol('x')]: 1 } }, /^a is a property named by a symbol/],
  ['a function', { a: () => 1 }, /^a is a function/],
] as const) {
  test(`${name} is refused by its path`, () => {
    assert.throws(() => canonicalJson(value), { code: 'not-canonical', message: words });
  });
}

test('a cycle is refused, the same object twice is not', () => {
  const loop: Record<string, unknown> = {};
  loop.a = [loop];
  assert.throws(() => canonicalJson(loop), { code: 'not-canonical', message: /^a\[0\] is a cycle/ });
  const shared = { x: 1 };
  assert.equal(canonicalJson([shared, shared]), '[{"x":1},{"x":1}]');
});

test('plain objects without a prototype or from another realm are plain', () => {
  assert.equal(canonicalJson(Object.assign(Object.create(null) as object, { a: 1 })), '{"a":1}');
  assert.equal(canonicalJson(runInNewContext('({ a: [1] })')), '{"a":[1]}');
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}
