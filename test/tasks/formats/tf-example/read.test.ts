import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../../../cache/problem.ts';
import { bytesOf, floatsOf, intsOf, type Located, locateFeatures } from '../../../../tasks/formats/tf-example/read.ts';
import { encodeExample, type FeatureValues } from '../../../../tasks/formats/tf-example/write.ts';
import { Shard } from '../../../../tasks/formats/tfrecord/shard.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const values: fc.Arbitrary<FeatureValues> = fc.oneof(
  fc.array(fc.float({ noNaN: true })).map((float) => ({ float })),
  fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((int) => ({ int })),
  fc.array(fc.uint8Array({ maxLength: 300 })).map((bytes) => ({ bytes })),
);
const examples = fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), values, { maxKeys: 8 });

test('what is written is read, packed or not, in any order of names', (t) => {
  const folder = tempFolder(t);
  fc.assert(
    fc.property(examples, fc.boolean(), (example, packed) => {
      assert.deepEqual(readAll(folder, encodeExample(example, { packed }), example), expected(example));
    }),
    { numRuns: 150 },
  );
});

test('mutated bytes give values or a problem, never anything else', (t) => {
  const folder = tempFolder(t);
  const flip = fc.record({ at: fc.nat(), to: fc.nat(255) });
  fc.assert(
    fc.property(examples, fc.array(flip, { minLength: 1, maxLength: 4 }), fc.nat(), (example, flips, cut) => {
      const bytes = encodeExample(example);
      for (const { at, to } of flips) bytes[at % bytes.length] = to;
      try {
        readAll(folder, bytes.subarray(0, bytes.length - (cut % 3)), example);
      } catch (error) {
        assert.ok(Problem.is(error), String(error));
        assert.match(error.message, /^Record 0 of shard, from byte 0: /);
      }
    }),
    { numRuns: 400 },
  );
});

test('a length beyond the record is refused before anything is allocated', (t) => {
  // Features of 2^42 bytes.
  const bytes = Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]);
  assert.throws(() => readAll(tempFolder(t), bytes, {}), { code: 'malformed-example', message: /does not fit/ });
});

test('a list in very many pieces is refused early', (t) => {
  const feature = Buffer.alloc(2 * 2_000_000, Buffer.from([0x12, 0])); // empty float lists
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
  const wrapped = (tag: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([tag, ...varint(bytes.length)]), bytes]);
  const entry = Buffer.concat([wrapped(0x0a, Buffer.from('a')), wrapped(0x12, feature)]);
  assert.throws(() => readAll(tempFolder(t), wrapped(0x0a, wrapped(0x0a, entry)), { a: { float: [] } }), {
    code: 'malformed-example',
    message: /"a" is in more than 1000 pieces/,
  });
});

test('of two entries with the same name the last counts', (t) => {
  const bytes = Buffer.concat([encodeExample({ a: { float: [1] } }), encodeExample({ a: { float: [2] } })]);
  assert.deepEqual(readAll(tempFolder(t), bytes, { a: { float: [] } }), { a: [2] });
});

test('the value may stand before the name', (t) => {
  const feature = [0x12, 0x08, 0x12, 0x06, 0x0a, 0x04, 0, 0, 0x80, 0x3f];
  const entry = [...feature, 0x0a, 0x01, 0x61];
  const bytes = Buffer.from([0x0a, entry.length + 2, 0x0a, entry.length, ...entry]);
  assert.deepEqual(readAll(tempFolder(t), bytes, { a: { float: [] } }), { a: [1] });
});

function readAll(folder: string, bytes: Uint8Array, example: Readonly<Record<string, FeatureValues>>): unknown {
  const path = join(folder, 'shard');
  writeFileSync(path, bytes);
  const shard = new Shard(path);
  try {
    const span = { shard: 'shard', record: 0, offset: 0, start: 0, length: bytes.length };
    const source = { shard, span };
    const read = ([name, located]: [string, Located]): [string, unknown] => {
      if (located.type === 'float') return [name, [...floatsOf(source, located)]];
      if (located.type === 'int') return [name, [...intsOf(source, located)]];
      return [name, bytesOf(source, located).map((value) => [...value])];
    };
    return Object.fromEntries([...locateFeatures(source, new Set(Object.keys(example)))].map(read));
  } finally {
    shard.close();
  }
}

function expected(example: Readonly<Record<string, FeatureValues>>): unknown {
  const entries = Object.entries(example).map(([name, value]) => {
    if ('float' in value) return [name, Array.from(value.float)];
    if ('int' in value) return [name, value.int];
    return [name, value.bytes.map((bytes) => [...Buffer.from(bytes)])];
  });
  return Object.fromEntries(entries) as unknown;
}
