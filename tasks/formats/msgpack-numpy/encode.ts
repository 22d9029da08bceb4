import { Problem } from '../../../cache/problem.ts';
import { parseDtype } from './dtype.ts';
import { Float, NdArray, NumpyScalar, type WireMap, type WireValue } from './values.ts';

/**
 * Encodes a value as openpi's `msgpack_numpy` does, byte for byte: integers in their shortest form, floats in 64 bits, arrays
 * and numpy scalars as maps with keys of bytes. Object, structured and complex dtypes are refused.
 */
export function encode(value: WireValue): Uint8Array {
  const writer = new Writer();
  writeValue(writer, value);
  return writer.written();
}

function writeValue(writer: Writer, value: WireValue): void {
  if (value === null) writer.byte(0xc0);
  else if (typeof value === 'boolean') writer.byte(value ? 0xc3 : 0xc2);
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'bigint') writeInteger(writer, value);
  else if (typeof value === 'string') writeText(writer, value);
  else if (value instanceof Uint8Array) writeBytes(writer, value);
  else if (value instanceof Float) writeFloat(writer, value.value);
  else if (value instanceof NdArray) writeArray(writer, value);
  else if (value instanceof NumpyScalar) writeScalar(writer, value);
  else if (value instanceof Map) writeMap(writer, value);
  else if (Array.isArray(value)) writeList(writer, value);
  else throw new Problem('not-encodable', `A value of type ${typeof value} cannot be sent.`);
}

function writeNumber(writer: Writer, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) writeInteger(writer, value);
  else writeFloat(writer, value);
}

function writeFloat(writer: Writer, value: number): void {
  writer.byte(0xcb);
  writer.number(8, (view, at) => view.setFloat64(at, value));
}

function writeInteger(writer: Writer, value: number | bigint): void {
  if (value >= -0x20 && value < 0x80) writer.byte(Number(value) & 0xff);
  else if (value >= 0) writePositive(writer, value);
  else writeNegative(writer, value);
}

function writePositive(writer: Writer, value: number | bigint): void {
  if (value <= 0xff) writer.head(0xcc, 1, Number(value));
  else if (value <= 0xffff) writer.head(0xcd, 2, Number(value));
  else if (value <= 0xffffffff) writer.head(0xce, 4, Number(value));
  else if (value <= 0xffffffffffffffffn) {
    writer.byte(0xcf);
    writer.number(8, (view, at) => view.setBigUint64(at, BigInt(value)));
  } else throw new Problem('not-encodable', `${value} is larger than 64 bits hold.`);
}

function writeNegative(writer: Writer, value: number | bigint): void {
  if (value >= -0x80) writer.head(0xd0, 1, Number(value) & 0xff);
  else if (value >= -0x8000) writer.head(0xd1, 2, Number(value) & 0xffff);
  else if (value >= -0x80000000) writer.head(0xd2, 4, Number(value) >>> 0);
  else if (value >= -0x8000000000000000n) {
    writer.byte(0xd3);
    writer.number(8, (view, at) => view.setBigInt64(at, BigInt(value)));
  } else throw new Problem('not-encodable', `${value} is smaller than 64 bits hold.`);
}

function writeText(writer: Writer, text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw new Problem('not-encodable', `${JSON.stringify(text)} is no Unicode text.`);
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length < 0x20) writer.byte(0xa0 | bytes.length);
  else writeLength(writer, bytes.length, [0xd9, 0xda, 0xdb]);
  writer.bytes(bytes);
}

function writeBytes(writer: Writer, bytes: Uint8Array): void {
  writeLength(writer, bytes.length, [0xc4, 0xc5, 0xc6]);
  writer.bytes(bytes);
}

function writeList(writer: Writer, list: readonly WireValue[]): void {
  if (list.length < 0x10) writer.byte(0x90 | list.length);
  else writeLength(writer, list.length, [undefined, 0xdc, 0xdd]);
  for (const value of list) writeValue(writer, value);
}

function writeMap(writer: Writer, map: WireMap): void {
  if (map.size < 0x10) writer.byte(0x80 | map.size);
  else writeLength(writer, map.size, [undefined, 0xde, 0xdf]);
  for (const [key, value] of map) {
    writeValue(writer, key);
    writeValue(writer, value);
  }
}

/** Head bytes for lengths of 8, 16 and 32 bits. */
type Heads = readonly [number | undefined, number, number];

function writeLength(writer: Writer, length: number, [head8, head16, head32]: Heads): void {
  if (head8 !== undefined && length <= 0xff) writer.head(head8, 1, length);
  else if (length <= 0xffff) writer.head(head16, 2, length);
  else if (length <= 0xffffffff) writer.head(head32, 4, length);
  else throw new Problem('not-encodable', `${length} bytes or items are more than a frame can hold.`);
}

const keys = {
  ndarray: Buffer.from('__ndarray__'),
  scalar: Buffer.from('__npgeneric__'),
  data: Buffer.from('data'),
  dtype: Buffer.from('dtype'),
  shape: Buffer.from('shape'),
};

function writeArray(writer: Writer, { dtype, shape, bytes }: NdArray): void {
  refuseComplex(dtype);
  writeMap(
    writer,
    new Map<Uint8Array, WireValue>([
      [keys.ndarray, true],
      [keys.data, bytes],
      [keys.dtype, dtype],
      [keys.shape, shape],
    ]),
  );
}

function writeScalar(writer: Writer, { dtype, value }: NumpyScalar): void {
  refuseComplex(dtype);
  const isFloat = parseDtype(dtype).kind === 'f';
  const plain = isFloat && typeof value === 'number' ? new Float(value) : value;
  writeMap(
    writer,
    new Map<Uint8Array, WireValue>([
      [keys.scalar, true],
      [keys.data, plain],
      [keys.dtype, dtype],
    ]),
  );
}

function refuseComplex(dtype: string): void {
  if (parseDtype(dtype).kind === 'c') throw new Problem('dtype-unsupported', `Unsupported dtype: ${dtype}.`);
}

/** Bytes that grow. */
class Writer {
  #buffer = Buffer.allocUnsafe(1024);
  #view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.length);
  #at = 0;

  byte(value: number): void {
    this.#room(1);
    this.#buffer[this.#at] = value;
    this.#at += 1;
  }

  /** A head byte and an unsigned number of 1, 2 or 4 bytes. */
  head(head: number, size: 1 | 2 | 4, value: number): void {
    this.byte(head);
    this.number(size, (view, at) => {
      if (size === 1) view.setUint8(at, value);
      else if (size === 2) view.setUint16(at, value);
      else view.setUint32(at, value);
    });
  }

  number(size: number, set: (view: DataView, at: number) => void): void {
    this.#room(size);
    set(this.#view, this.#at);
    this.#at += size;
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** What was written, in memory of its own. */
  written(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, 0, this.#at);
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer, larger.byteOffset, larger.length);
  }
}
