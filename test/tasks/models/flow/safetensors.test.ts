import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../../../cache/problem.ts';
import { decodeTensors, encodeTensors, type NamedTensor } from '../../../../tasks/models/flow/safetensors.ts';

const tensor = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1);
  return fc.float32Array({ minLength: length, maxLength: length }).map((values): NamedTensor => ({ shape, values }));
});
const name = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((text) => text !== '__metadata__' && text !== '__proto__');
const parts = { maxKeys: 5, noNullPrototype: true };
const file = fc.record(
  { tensors: fc.dictionary(name, tensor, parts), metadata: fc.dictionary(name, fc.string(), parts) },
  { noNullPrototype: true },
);

test('what is written is read again, bit by bit', () => {
  fc.assert(fc.property(file, (given) => assert.deepEqual(decodeTensors(encodeTensors(given), 'a file'), given)));
});

test('the layout is that of the format', () => {
  const bytes = Buffer.from(
    encodeTensors({ tensors: { b: { shape: [2], values: Float32Array.of(1, -2) } }, metadata: { step: '7' } }),
  );
  const size = Number(bytes.readBigUInt64LE());
  assert.equal((8 + size) % 8, 0);
  assert.deepEqual(JSON.parse(bytes.toString('utf8', 8, 8 + size)), {
    __metadata__: { step: '7' },
    b: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
  });
  assert.deepEqual([bytes.readFloatLE(8 + size), bytes.readFloatLE(12 + size)], [1, -2]);
});

test('the order in which tensors are given does not change the bytes', () => {
  const [a, b] = [
    { shape: [1], values: Float32Array.of(1) },
    { shape: [], values: Float32Array.of(2) },
  ];
  assert.deepEqual(
    encodeTensors({ tensors: { a, b }, metadata: {} }),
    encodeTensors({ tensors: { b, a }, metadata: {} }),
  );
});

test('a file cut short anywhere is refused by name', () => {
  const bytes = encodeTensors({ tensors: { a: { shape: [3], values: Float32Array.of(1, 2, 3) } }, metadata: {} });
  for (let length = 0; length < bytes.length; length += 1) {
    const cut = (): unknown => decodeTensors(bytes.subarray(0, length), 'ema.safetensors');
    assert.throws(
      cut,
      (error) => Problem.is(error) && error.code === 'not-safetensors' && error.message.startsWith('ema.safetensors'),
    );
  }
});
