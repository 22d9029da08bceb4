import { type Field, fieldsOf, malformed, type Source } from './wire.ts';

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Field 1 of FloatList: packed (one field with all values) or one field of 4 bytes for each value. */
export function readFloats(source: Source, pieces: readonly Range[]): Float32Array<ArrayBuffer> {
  const fields = valueFields(source, pieces);
  const byteCount = fields.reduce((sum, { start, end }) => sum + end - start, 0);
  const bytes = new Uint8Array(byteCount);
  let filled = 0;
  for (const { wire, start, end } of fields) {
    if (wire !== 5 && (wire !== 2 || (end - start) % 4 !== 0))
      throw malformed(source, 'a list of floats is none', start);
    source.shard.readInto(bytes.subarray(filled, filled + end - start), start);
    filled += end - start;
  }
  return new Float32Array(bytes.buffer); // as stored: little-endian, like every machine this runs on
}

/** Field 1 of Int64List: packed, or one varint field for each value. */
export function readInts(source: Source, pieces: readonly Range[]): BigInt64Array<ArrayBuffer> {
  const values: bigint[] = [];
  for (const { wire, start, end } of valueFields(source, pieces)) {
    if (wire !== 0 && wire !== 2) throw malformed(source, 'a list of integers is none', start);
    const bytes = new Uint8Array(end - start);
    source.shard.readInto(bytes, start);
    for (let i = 0; i < bytes.length; ) {
      const { value, next } = bigVarint(bytes, i);
      if (next === 0) throw malformed(source, 'an integer has no end', start + i);
      values.push(value);
      i = next;
    }
  }
  return BigInt64Array.from(values);
}

/** Field 1 of BytesList, one for each value. */
export function readBytes(source: Source, pieces: readonly Range[], limit: number): Uint8Array<ArrayBuffer>[] {
  const values: Uint8Array<ArrayBuffer>[] = [];
  for (const piece of pieces) {
    for (const { number, wire, start, end } of fieldsOf(source, piece.start, piece.end)) {
      if (values.length >= limit) return values;
      if (number !== 1) continue;
      if (wire !== 2) throw malformed(source, 'a list of byte strings is none', start);
      const value = new Uint8Array(end - start);
      source.shard.readInto(value, start);
      values.push(value);
    }
  }
  return values;
}

/** How many byte strings a list has; they are not read. */
export function countBytes(source: Source, pieces: readonly Range[]): number {
  return valueFields(source, pieces).length;
}

function valueFields(source: Source, pieces: readonly Range[]): Field[] {
  return pieces.flatMap(({ start, end }) => [...fieldsOf(source, start, end)].filter(({ number }) => number === 1));
}

/** `next` is 0 when the number has no end. */
function bigVarint(bytes: Uint8Array, start: number): { value: bigint; next: number } {
  const first = bytes[start] as number;
  if (first < 0x80) return { value: BigInt(first), next: start + 1 };
  let value = 0n;
  for (let i = start; i < bytes.length && i < start + 10; i += 1) {
    const byte = bytes[i] as number;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (i - start));
    if (byte < 0x80) return { value: BigInt.asIntN(64, value), next: i + 1 };
  }
  return { value: 0n, next: 0 };
}
