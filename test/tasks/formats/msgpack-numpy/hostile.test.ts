import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../../../cache/problem.ts';
import { decode } from '../../../../tasks/formats/msgpack-numpy/decode.ts';
import { encode } from '../../../../tasks/formats/msgpack-numpy/encode.ts';
import { NdArray, NumpyScalar, type WireValue } from '../../../../tasks/formats/msgpack-numpy/values.ts';
import { plain } from './described.ts';

const bytes = (...codes: number[]) => Uint8Array.from(codes);
const text = (value: string) => [0xa0 | value.length, ...Buffer.from(value)];
const binary = (value: string) => [0xc4, value.length, ...Buffer.from(value)];
const repeated = (code: number, count: number) => new Uint8Array(count).fill(code);

const hostile: Record<string, Uint8Array> = {
  'nothing at all': bytes(),
  'the byte that stands for nothing': bytes(0xc1),
  'a second value after the first': bytes(0xc0, 0xc0),
  'an extension type': bytes(0xc7, 1, 5, 0),
  'a timestamp': bytes(0xd6, 0xff, 0, 0, 0, 0),
  'a text that ends too early': bytes(0xa5, 0x61),
  'a text that is no UTF-8': bytes(0xa2, 0xc3, 0x28),
  'a surrogate as UTF-8': bytes(0xa3, 0xed, 0xa0, 0x80),
  'a list of four billion': bytes(0xdd, 0xff, 0xff, 0xff, 0xff),
  'a map of four billion': bytes(0xdf, 0xff, 0xff, 0xff, 0xff),
  'bytes, four billion of them': bytes(0xc6, 0xff, 0xff, 0xff, 0xff),
  'a key twice': bytes(0x82, ...text('a'), 1, ...text('a'), 2),
  'a key of bytes twice': bytes(0x82, ...binary('a'), 1, ...binary('a'), 2),
  'a list as a key': bytes(0x81, 0x90, 1),
  'an array as a key': bytes(0x81, 0x80, 1),
  'lists without end': repeated(0x91, 100_000),
  'maps without end': repeated(0x81, 100_000),
  'more values than anybody needs': Buffer.concat([bytes(0xdd, 0, 0x20, 0, 0), repeated(0xc0, 1 << 21)]),
  'an array of a negative size': ndarrayOf([0xff], '<f4', []),
  'an array of zero times infinity': ndarrayOf([0, 0xcf, 0x7f, 0, 0, 0, 0, 0, 0, 0], '<f4', []),
  'an array larger than all memory': ndarrayOf([0xce, 0xff, 0xff, 0xff, 0xff, 0xce, 0xff, 0xff, 0xff, 0xff], '<f8', []),
  'an array with 33 axes': bytes(
    0x84,
    ...[...binary('__ndarray__'), 0xc3, ...binary('data'), 0xc4, 1, 0, ...binary('dtype'), ...text('|u1')],
    ...[...binary('shape'), 0xdc, 0, 33, ...repeated(1, 33)],
  ),
  'an array of objects': ndarrayOf([1], '|O', [0, 0, 0, 0, 0, 0, 0, 0]),
  'an array whose dtype is long': ndarrayOf([1], '<U99999999999', [0]),
};

function ndarrayOf(shape: number[], dtype: string, data: number[]): Uint8Array {
  const axes = shape.filter((code) => code > 0xcb && code < 0xd4).length || shape.length;
  return bytes(
    0x84,
    ...[...binary('__ndarray__'), 0xc3, ...binary('data'), 0xc4, data.length, ...data],
    ...[...binary('dtype'), ...text(dtype), ...binary('shape'), 0x90 | axes, ...shape],
  );
}

for (const [what, frame] of Object.entries(hostile)) {
  test(`refused with a problem: ${what}`, () => {
    assert.throws(() => decode(frame), Problem.is);
  });
}

test('keys that mean something to JavaScript are keys like any other', () => {
  const map = new Map<string, WireValue>([
    ['__proto__', 1],
    ['constructor', 2],
  ]);
  assert.deepEqual(decode(encode(map)), map);
});

test('what is decoded is what was encoded', () => {
  fc.assert(
    fc.property(values(), (value) => {
      assert.deepEqual(plain(decode(encode(value))), plain(value));
    }),
    { numRuns: 2000 },
  );
});

test('a frame cut short is refused, wherever it is cut', () => {
  fc.assert(
    fc.property(values(), fc.nat(), (value, cut) => {
      const frame = encode(value);
      assert.throws(() => decode(frame.subarray(0, cut % frame.length)), Problem.is);
    }),
    { numRuns: 2000 },
  );
});

/** Of broken frames half are noise, half are good frames with some bytes changed. */
test('100,000 broken frames: each gives a value or a problem, and none takes memory that it did not send', () => {
  const before = process.memoryUsage();
  let refused = 0;
  const taste = (frame: Uint8Array): void => {
    try {
      decode(frame);
    } catch (error) {
      assert.ok(Problem.is(error), String(error));
      refused += 1;
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), taste), { numRuns: 50_000 });
  const frames = fc.sample(values(), { numRuns: 500, seed: 1 }).map(encode);
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.nat({ max: frames.length - 1 }), changes, (which, changed) => {
      const frame = (frames[which] as Uint8Array).slice();
      for (const [at, code] of changed) frame[at % frame.length] = code;
      taste(frame);
    }),
    { numRuns: 55_000 },
  );
  const grown = process.memoryUsage().arrayBuffers - before.arrayBuffers;
  assert.ok(refused > 30_000, `${refused} were refused`);
  assert.ok(grown < 64 << 20, `${grown} bytes of buffers more than before`);
});

/** Values as programs send them, and worse ones. */
function values(): fc.Arbitrary<WireValue> {
  const arrays = fc
    .record({
      dtype: fc.constantFrom('|u1', '<f4', '>i2', '<f8', '|b1', '<U3', '|S2', '<f2', '<M8[ns]'),
      length: fc.nat({ max: 5 }),
    })
    .map(({ dtype, length }) => new NdArray(dtype, [length, 1], new Uint8Array(length * itemSizes[dtype as '|u1'])));
  const { value } = fc.letrec<{ value: WireValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
      fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.double({ noNaN: true }).map((number) => new NumpyScalar('<f4', number)),
      arrays,
      fc.array(tie('value'), { maxLength: 20 }),
      fc
        .array(fc.tuple(fc.string({ maxLength: 40 }), tie('value')), { maxLength: 20 })
        .map((entries) => new Map(entries)),
    ),
  }));
  return value;
}

const itemSizes = {
  '|u1': 1,
  '<f4': 4,
  '>i2': 2,
  '<f8': 8,
  '|b1': 1,
  '<U3': 12,
  '|S2': 2,
  '<f2': 2,
  '<M8[ns]': 8,
};
