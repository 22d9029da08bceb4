/** A feature to be written; numbers as float32 or int64. */
export type FeatureValues =
  | { readonly float: ArrayLike<number> }
  | { readonly int: readonly (number | bigint)[] }
  | { readonly bytes: readonly (Uint8Array | string)[] };

/** A serialised `tf.train.Example`; entries in the order given. `packed: false` writes numbers as old writers do. */
export function encodeExample(features: Readonly<Record<string, FeatureValues>>, { packed = true } = {}): Buffer {
  const entries = Object.entries(features).map(([name, values]) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, encodeFeature(values, packed))])),
  );
  return field(1, Buffer.concat(entries));
}

function encodeFeature(values: FeatureValues, packed: boolean): Buffer {
  if ('bytes' in values) return field(1, Buffer.concat(values.bytes.map((value) => field(1, Buffer.from(value)))));
  if ('float' in values) {
    const floats = Array.from(values.float, (value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(value);
      return bytes;
    });
    return field(2, packed ? field(1, Buffer.concat(floats)) : prefixed(0x0d, floats));
  }
  const ints = values.int.map((value) => varint(BigInt.asUintN(64, BigInt(value))));
  return field(3, packed ? field(1, Buffer.concat(ints)) : prefixed(0x08, ints));
}

/** A field with a length: its tag, the length, the bytes. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([number * 8 + 2]), varint(BigInt(bytes.length)), bytes]);
}

function prefixed(tag: number, values: readonly Buffer[]): Buffer {
  return Buffer.concat(values.flatMap((value) => [Buffer.from([tag]), value]));
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
