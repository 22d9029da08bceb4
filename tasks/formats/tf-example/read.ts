import { fieldsOf, malformed, type Source } from './wire.ts';
import { countBytes, readBytes, readFloats, readInts } from './lists.ts';

/** The one-of of `tf.train.Feature`: numbers are stored as float32 or int64, everything else as bytes. */
export type ListType = 'bytes' | 'float' | 'int';

/** Where a feature's list lies. Several pieces are one list, by the rules of Protocol Buffers. */
export interface Located {
  readonly type: ListType;
  readonly pieces: readonly { readonly start: number; readonly end: number }[];
}

const listTypes: readonly (ListType | undefined)[] = [undefined, 'bytes', 'float', 'int'];

/**
 * Finds features of an example by name: `Example {1: Features {1: map entry {1: name, 2: Feature}}}`, in any order.
 * Values are not read. Of entries with the same name the last counts.
 */
export function locateFeatures(source: Source, wanted: ReadonlySet<string>): Map<string, Located> {
  const located = new Map<string, Located>();
  const { start, length } = source.span;
  for (const features of fieldsOf(source, start, start + length)) {
    if (features.number !== 1) continue;
    refuseOtherWireType(source, features.wire, features.start);
    for (const entry of fieldsOf(source, features.start, features.end)) {
      if (entry.number !== 1) continue;
      refuseOtherWireType(source, entry.wire, entry.start);
      const named = namedFeature(source, entry);
      if (!wanted.has(named.name)) continue;
      located.set(named.name, locate(source, named));
    }
  }
  return located;
}

/** Values of a float list, as float32: packed or not. */
export function floatsOf(source: Source, { pieces }: Located): Float32Array<ArrayBuffer> {
  return readFloats(source, pieces);
}

/** Values of an int list: packed or not. */
export function intsOf(source: Source, { pieces }: Located): BigInt64Array<ArrayBuffer> {
  return readInts(source, pieces);
}

/** Values of a bytes list; at most `limit` of them are read. */
export function bytesOf(source: Source, { pieces }: Located, limit = Infinity): Uint8Array<ArrayBuffer>[] {
  return readBytes(source, pieces, limit);
}

/** How many values a bytes list has. */
export function bytesCountOf(source: Source, { pieces }: Located): number {
  return countBytes(source, pieces);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Longer names are not looked at; the longest of DROID has 41 bytes. */
const longestName = 4096;

function namedFeature(source: Source, entry: Range): { name: string; values: Range[] } {
  let name = '';
  const values: Range[] = [];
  for (const field of fieldsOf(source, entry.start, entry.end)) {
    if (field.number > 2) continue;
    refuseOtherWireType(source, field.wire, field.start);
    if (field.number === 2) values.push(field);
    else name = field.end - field.start > longestName ? '' : textAt(source, field);
  }
  return { name, values };
}

function locate(source: Source, { name, values }: { name: string; values: readonly Range[] }): Located {
  let located: Located = { type: 'bytes', pieces: [] };
  for (const value of values) {
    for (const field of fieldsOf(source, value.start, value.end)) {
      const type = listTypes[field.number];
      if (type === undefined) continue;
      refuseOtherWireType(source, field.wire, field.start);
      // Of different members of a one-of the last counts; the same one twice is one list.
      const before = located.type === type ? located.pieces : [];
      located = { type, pieces: [...before, { start: field.start, end: field.end }] };
      if (before.length < mostPieces) continue;
      throw malformed(source, `"${name}" is in more than ${mostPieces} pieces`, field.start);
    }
  }
  return located;
}

/** Writers make one piece; damaged bytes can make millions. */
const mostPieces = 1000;

function refuseOtherWireType(source: Source, wire: number, at: number): void {
  if (wire !== 2) throw malformed(source, 'a message stands as a number', at);
}

function textAt({ shard }: Source, { start, end }: Range): string {
  const bytes = Buffer.alloc(end - start);
  shard.readInto(bytes, start);
  return bytes.toString('utf8');
}
