import type { DataObjects } from 'jsfive';

const numberTypes = {
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

type NumberType = keyof typeof numberTypes;

export type Hdf5Type =
  | { readonly of: NumberType; readonly bigEndian: boolean }
  | { readonly of: 'bool' }
  | { readonly of: 'text'; readonly bytes: number }
  | { readonly of: 'text'; readonly bytes: 'variable' };

export type Hdf5Values = InstanceType<(typeof numberTypes)[NumberType]> | readonly string[];

const typeMessage = 0x0003;
const enumeration = 8;

/** The type of a dataset's values. An enumeration of one byte is a boolean: h5py writes them so. */
export function typeOf(bytes: ArrayBuffer, header: DataObjects): Hdf5Type {
  const type = header.dtype;
  if (typeof type !== 'string') {
    if (type[0] === 'VLEN_STRING') return { of: 'text', bytes: 'variable' };
    throw new Error(`values of type ${type[0]} are not supported`);
  }
  const [, order, kind = '', size = ''] = /^([<>])?([iufS])(\d+)$/.exec(type) ?? [];
  if (kind === 'S') return { of: 'text', bytes: Number(size) };
  const message = header.find_msg_type(typeMessage)[0]?.get('offset_to_message') ?? 0;
  if ((new DataView(bytes).getUint8(message) & 0x0f) === enumeration && size === '1') return { of: 'bool' };
  const of = `${{ i: 'int', u: 'uint', f: 'float' }[kind]}${Number(size) * 8}`;
  if (!isNumberType(of)) throw new Error(`values of type ${type} are not supported`);
  return { of, bigEndian: order === '>' };
}

function isNumberType(name: string): name is NumberType {
  return Object.hasOwn(numberTypes, name);
}

/** Bytes of one value in the file; of a variable text, those of its place in a heap. */
export function itemBytesOf(type: Hdf5Type): number {
  if (type.of === 'bool') return 1;
  if (type.of === 'text') return type.bytes === 'variable' ? 16 : type.bytes;
  return numberTypes[type.of].BYTES_PER_ELEMENT;
}

/** Stored bytes as values. `stored` belongs to the caller and may be changed. */
export function valuesOf(stored: Uint8Array<ArrayBuffer>, type: Hdf5Type, header: DataObjects): Hdf5Values {
  if (type.of === 'bool') return stored;
  if (type.of === 'text') return type.bytes === 'variable' ? variableTexts(stored, header) : texts(stored, type.bytes);
  if (type.bigEndian) swap(stored, itemBytesOf(type));
  return new numberTypes[type.of](stored.buffer, stored.byteOffset, stored.byteLength / itemBytesOf(type));
}

function texts(stored: Uint8Array, bytes: number): string[] {
  const buffer = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  return Array.from({ length: bytes === 0 ? 0 : buffer.length / bytes }, (_, index) =>
    buffer.toString('utf8', index * bytes, (index + 1) * bytes).replace(/\0+$/, ''),
  );
}

function variableTexts(stored: Uint8Array<ArrayBuffer>, header: DataObjects): string[] {
  return Array.from({ length: stored.byteLength / 16 }, (_, index) => {
    const [length, text] = header._vlen_size_and_data(stored.buffer, stored.byteOffset + index * 16);
    if (length === 0) return '';
    if (text === undefined || text.byteLength < length) throw new Error('a text is not where it should be');
    return Buffer.from(text, 0, length).toString('utf8').replace(/\0+$/, '');
  });
}

function swap(bytes: Uint8Array, itemBytes: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (itemBytes === 2) buffer.swap16();
  if (itemBytes === 4) buffer.swap32();
  if (itemBytes === 8) buffer.swap64();
}
