import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode } from '../../../../tasks/formats/msgpack-numpy/decode.ts';
import { encode } from '../../../../tasks/formats/msgpack-numpy/encode.ts';
import { ndarray, numbersOf } from '../../../../tasks/formats/msgpack-numpy/numbers.ts';
import { NdArray, type WireMap, type WireValue } from '../../../../tasks/formats/msgpack-numpy/values.ts';
import { golden, goldenPath } from '../../../support/openpi-golden.ts';
import { type Described, plain, valueOf } from './described.ts';

interface Frames {
  cases: Record<string, { file: string | null; bytes: number; sha256: string; value: Described }>;
  decode_cases: { name: string; hex: string; decodes_to?: Described; error: string | null }[];
}

const { cases, decode_cases } = golden<Frames>('msgpack/frames.json');

for (const [name, { file, value }] of Object.entries(cases)) {
  if (file === null) continue;
  const frame = readFileSync(goldenPath(`msgpack/${file}`));
  test(`openpi's frame ${name} is encoded byte for byte`, () => {
    assert.equal(Buffer.from(encode(valueOf(value))).toString('hex'), frame.toString('hex'));
  });
  test(`openpi's frame ${name} is decoded, at any alignment`, () => {
    for (let shift = 0; shift < 8; shift += 1) {
      const shifted = Buffer.concat([Buffer.alloc(shift), frame]).subarray(shift);
      assert.deepEqual(plain(decode(shifted)), plain(valueOf(value)));
    }
  });
}

test('a DROID request of real size is the one that openpi sends', () => {
  const image = (offset: number): NdArray => {
    const pixel = (i: number): number => 3 * Math.floor(i / 672) + 5 * (Math.floor(i / 3) % 224) + 7 * (i % 3) + offset;
    return ndarray(
      Uint8Array.from({ length: 224 * 224 * 3 }, (_, i) => pixel(i) % 256),
      [224, 224, 3],
    );
  };
  const joints = ndarray(
    Float64Array.from({ length: 7 }, (_, i) => i / 10),
    [7],
  );
  const request = new Map<string, WireValue>([
    ['observation/exterior_image_1_left', image(0)],
    ['observation/wrist_image_left', image(13)],
    ['observation/joint_position', joints],
    ['observation/gripper_position', ndarray(Float64Array.of(0.25), [1])],
    ['prompt', 'do something'],
  ]);
  const frame = encode(request);
  assert.equal(frame.length, cases.droid_request_224?.bytes);
  assert.equal(createHash('sha256').update(frame).digest('hex'), cases.droid_request_224?.sha256);
});

for (const { name, hex, decodes_to, error } of decode_cases) {
  test(`a frame made by hand is taken as openpi takes it: ${name}`, () => {
    const frame = Buffer.from(hex, 'hex');
    if (error === null && decodes_to) assert.deepEqual(plain(decode(frame)), plain(valueOf(decodes_to)));
    else assert.throws(() => decode(frame), { name: 'Problem' });
  });
}

for (const [dtype, item] of [
  ['<c16', Buffer.alloc(16)],
  ['<c8', Buffer.alloc(8)],
] as const) {
  test(`an array of ${dtype} is not sent`, () => {
    assert.throws(() => encode(new NdArray(dtype, [], item)), { code: 'dtype-unsupported' });
  });
}

test('objects and structures are no arrays here', () => {
  for (const dtype of ['|O', '|O8', '|V8', "[('f0', '<i4')]", '<i3', '<f3', 'float32']) {
    assert.throws(() => new NdArray(dtype, [0], new Uint8Array(0)), { code: 'dtype-unsupported' });
  }
});

test('numbers come out of every dtype of numbers, in either byte order', () => {
  const arrays = decode(readFileSync(goldenPath('msgpack/arrays.bin'))) as WireMap;
  const numbers = (key: string) => [...numbersOf(arrays.get(key) as NdArray)];
  assert.deepEqual(numbers('zero_d'), [5]);
  assert.deepEqual(numbers('bool'), [1, 0]);
  assert.deepEqual(numbers('i8'), [-1, 2]);
  assert.deepEqual(numbers('i16'), [-300]);
  assert.deepEqual(numbers('u16'), [65535]);
  assert.deepEqual(numbers('i32'), [1, -2]);
  assert.deepEqual(numbers('u32'), [4294967295]);
  assert.deepEqual(numbers('u64'), [2 ** 64]);
  assert.deepEqual(numbers('f16'), [0.5, -2]);
  assert.deepEqual(numbers('be_f4'), [0, 1, 2, 3]);
  assert.throws(() => numbersOf(arrays.get('unicode') as NdArray), { code: 'dtype-unsupported' });
});

test('halves are read to the last bit: subnormal, infinite, not a number', () => {
  const halves = [0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x8000];
  const array = new NdArray('<f2', [halves.length], Buffer.from(Uint16Array.from(halves).buffer));
  const expected = [2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, Infinity, -Infinity, Number.NaN, -0];
  assert.deepEqual([...numbersOf(array)], expected);
});
