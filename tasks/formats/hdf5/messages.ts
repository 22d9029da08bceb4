/** Parts of object headers, as HDF5 1.6 and later write them by default (format specification 1.1 to 3.0, IV.A). */

export interface Message {
  readonly type: number;
  readonly data: Buffer;
}

/** What a dataset or attribute is made of. Booleans are h5py's: an enumeration of bytes. */
export type ElementType = 'float64' | 'int64' | 'bool' | { readonly text: number };

export const elementBytes = (type: ElementType): number =>
  typeof type === 'object' ? type.text : type === 'bool' ? 1 : 8;

/** An object header of version 1. */
export function objectHeader(messages: readonly Message[]): Buffer {
  const body = Buffer.concat(
    messages.map(({ type, data }) => {
      const padded = toEights(data);
      const head = Buffer.alloc(8);
      head.writeUInt16LE(type, 0);
      head.writeUInt16LE(padded.length, 2);
      return Buffer.concat([head, padded]);
    }),
  );
  const head = Buffer.alloc(16);
  head.writeUInt8(1, 0);
  head.writeUInt16LE(messages.length, 2);
  head.writeUInt32LE(1, 4); // one link leads here
  head.writeUInt32LE(body.length, 8);
  return Buffer.concat([head, body]);
}

/** Of a group: where its index and names are. */
export function groupMessage(index: number, names: number): Message {
  return { type: 0x11, data: Buffer.concat([uint64(index), uint64(names)]) };
}

/** Of a dataset whose values lie in one piece. */
export function datasetMessages(
  type: ElementType,
  shape: readonly number[],
  storage: { at: number; bytes: number },
): Message[] {
  const noFillValue = Buffer.from([2, 2, 2, 0]);
  const contiguous = Buffer.concat([Buffer.from([3, 1]), uint64(storage.at), uint64(storage.bytes)]);
  return [
    { type: 0x01, data: dataspace(shape) },
    { type: 0x03, data: datatype(type) },
    { type: 0x05, data: noFillValue },
    { type: 0x08, data: contiguous },
  ];
}

/** One value with a name. */
export function attributeMessage(name: string, value: string | number | bigint | boolean): Message {
  const { type, data } = scalar(value);
  const nameBytes = Buffer.from(`${name}\0`);
  const [described, space] = [datatype(type), dataspace([])];
  const head = Buffer.alloc(8);
  head.writeUInt8(1, 0);
  for (const [i, { length }] of [nameBytes, described, space].entries()) head.writeUInt16LE(length, 2 + 2 * i);
  return { type: 0x0c, data: Buffer.concat([head, ...[nameBytes, described, space].map(toEights), data]) };
}

function scalar(value: string | number | bigint | boolean): { type: ElementType; data: Buffer } {
  if (typeof value === 'string') {
    const data = Buffer.from(value === '' ? '\0' : value);
    return { type: { text: data.length }, data };
  }
  if (typeof value === 'boolean') return { type: 'bool', data: Buffer.from([Number(value)]) };
  if (typeof value === 'bigint') return { type: 'int64', data: Buffer.from(BigInt64Array.of(value).buffer) };
  return { type: 'float64', data: Buffer.from(Float64Array.of(value).buffer) };
}

function dataspace(shape: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from([1, shape.length, 0, 0, 0, 0, 0, 0]), ...shape.map(uint64)]);
}

/** Class and version, three bytes of flags, the size of an element, then what the class needs. */
function datatype(type: ElementType): Buffer {
  const described = (classBits: number, flags: readonly [number, number, number], rest: readonly number[]): Buffer => {
    const head = Buffer.from([0x10 + classBits, ...flags, 0, 0, 0, 0]);
    head.writeUInt32LE(elementBytes(type), 4);
    return Buffer.concat([head, Buffer.from(rest)]);
  };
  if (typeof type === 'object') return described(3, [0x11, 0, 0], []); // padded with 0, UTF-8
  if (type === 'int64') return described(0, [0x08, 0, 0], [0, 0, 64, 0]);
  // Sign in bit 63, 11 bits of exponent from bit 52 with bias 1023, 52 of mantissa without its leading one.
  if (type === 'float64') return described(1, [0x20, 63, 0], [0, 0, 64, 0, 52, 11, 0, 52, 0xff, 0x03, 0, 0]);
  const int8 = [0x10, 0x08, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0];
  return described(8, [2, 0, 0], [...int8, ...Buffer.from('FALSE\0\0\0TRUE\0\0\0\0'), 0, 1]);
}

export function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function toEights(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}
