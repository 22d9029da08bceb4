import { Problem } from '../../../cache/problem.ts';
import { arrayFrom, scalarFrom } from './envelopes.ts';
import type { WireMap, WireValue } from './values.ts';

export interface DecodeLimits {
  /** Values that one frame may hold in all, keys included; the elements of an array are one value. */
  readonly maxValues?: number;
  /** Keys of one map. */
  readonly maxKeys?: number;
  /** Maps and lists inside each other. */
  readonly maxDepth?: number;
}

/**
 * Decodes one frame as openpi's `msgpack_numpy` does. Bytes and arrays are views into the frame.
 *
 * Refused as upstream: what ends too early or goes on after the value, extension types, text that is no UTF-8, keys that are
 * neither text nor bytes, arrays with too little data. Refused by us alone: a key twice in a map, and frames beyond the
 * limits. What is allocated is bounded by the frame's size: a length is believed only as far as bytes follow.
 */
export function decode(frame: Uint8Array, limits: DecodeLimits = {}): WireValue {
  const reader = new Reader(frame, { ...usualLimits, ...limits });
  const value = reader.value(0);
  const surplus = frame.length - reader.at;
  if (surplus > 0) throw broken(`${surplus} bytes follow after its value`);
  return value;
}

const usualLimits: Required<DecodeLimits> = { maxValues: 1 << 20, maxKeys: 4096, maxDepth: 128 };

/** A frame that must hold a map, as all of openpi's do. */
export function decodeMap(frame: Uint8Array, limits?: DecodeLimits): WireMap {
  const value = decode(frame, limits);
  if (value instanceof Map) return value;
  throw new Problem('msgpack-broken', 'The frame holds no map.', { hint: 'An observation is a map of its keys.' });
}

function broken(what: string): Problem {
  return new Problem('msgpack-broken', `The frame is no msgpack of openpi's: ${what}.`);
}

function tooLarge(what: string): Problem {
  return new Problem('msgpack-too-large', `The frame holds more than is read here: ${what}.`);
}

// Strict, and a byte order mark is text like any other.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Reader {
  at = 0;
  readonly #frame: Uint8Array;
  readonly #view: DataView;
  readonly #limits: Required<DecodeLimits>;
  #values = 0;

  constructor(frame: Uint8Array, limits: Required<DecodeLimits>) {
    this.#frame = frame;
    this.#view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    this.#limits = limits;
  }

  value(depth: number): WireValue {
    const { maxValues, maxDepth } = this.#limits;
    this.#values += 1;
    if (this.#values > maxValues) throw tooLarge(`over ${maxValues} values`);
    if (depth > maxDepth) throw tooLarge(`maps and lists nested over ${maxDepth} deep`);
    const head = this.#take(1, (view, at) => view.getUint8(at));
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    if (head < 0x90) return this.#map(head & 0x0f, depth);
    if (head < 0xa0) return this.#list(head & 0x0f, depth);
    if (head < 0xc0) return this.#text(head & 0x1f);
    return this.#headed(head, depth);
  }

  #headed(head: number, depth: number): WireValue {
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#bytes(this.#length(1));
      case 0xc5:
        return this.#bytes(this.#length(2));
      case 0xc6:
        return this.#bytes(this.#length(4));
      case 0xca:
        return this.#take(4, (view, at) => view.getFloat32(at));
      case 0xcb:
        return this.#take(8, (view, at) => view.getFloat64(at));
      case 0xcc:
        return this.#length(1);
      case 0xcd:
        return this.#length(2);
      case 0xce:
        return this.#length(4);
      case 0xcf:
        return narrow(this.#take(8, (view, at) => view.getBigUint64(at)));
      case 0xd0:
        return this.#take(1, (view, at) => view.getInt8(at));
      case 0xd1:
        return this.#take(2, (view, at) => view.getInt16(at));
      case 0xd2:
        return this.#take(4, (view, at) => view.getInt32(at));
      case 0xd3:
        return narrow(this.#take(8, (view, at) => view.getBigInt64(at)));
      case 0xd9:
        return this.#text(this.#length(1));
      case 0xda:
        return this.#text(this.#length(2));
      case 0xdb:
        return this.#text(this.#length(4));
      case 0xdc:
        return this.#list(this.#length(2), depth);
      case 0xdd:
        return this.#list(this.#length(4), depth);
      case 0xde:
        return this.#map(this.#length(2), depth);
      case 0xdf:
        return this.#map(this.#length(4), depth);
      case 0xc1:
        throw broken('byte 0xc1 stands for nothing');
      default:
        throw broken('extension types are not used');
    }
  }

  /** An unsigned number of 1, 2 or 4 bytes. */
  #length(size: 1 | 2 | 4): number {
    return this.#take(size, (view, at) => {
      if (size === 1) return view.getUint8(at);
      return size === 2 ? view.getUint16(at) : view.getUint32(at);
    });
  }

  #take<T>(size: number, read: (view: DataView, at: number) => T): T {
    this.#need(size, 'it ends within a value');
    const value = read(this.#view, this.at);
    this.at += size;
    return value;
  }

  #bytes(length: number): Uint8Array {
    this.#need(length, `it ends within ${length} bytes`);
    const bytes = this.#frame.subarray(this.at, this.at + length);
    this.at += length;
    return bytes;
  }

  #text(length: number): string {
    const bytes = this.#bytes(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw broken('a text is no UTF-8');
    }
  }

  #list(length: number, depth: number): WireValue[] {
    this.#need(length, `it ends within a list of ${length}`);
    const list: WireValue[] = [];
    for (let i = 0; i < length; i += 1) list.push(this.value(depth + 1));
    return list;
  }

  #map(length: number, depth: number): WireValue {
    this.#need(2 * length, `it ends within a map of ${length}`);
    if (length > this.#limits.maxKeys) throw tooLarge(`a map of over ${this.#limits.maxKeys} keys`);
    const map = new Map<string | Uint8Array, WireValue>();
    /** Those with keys of bytes, by their bytes. */
    const marked = new Map<string, WireValue>();
    for (let i = 0; i < length; i += 1) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string' && !(key instanceof Uint8Array)) throw broken('a map has keys that are no text');
      const mark = typeof key === 'string' ? undefined : Buffer.from(key).toString('latin1');
      if (mark === undefined ? map.has(key) : marked.has(mark)) {
        throw broken(`a map has the key ${JSON.stringify(mark ?? key).slice(0, 60)} twice`);
      }
      const value = this.value(depth + 1);
      map.set(key, value);
      if (mark !== undefined) marked.set(mark, value);
    }
    if (marked.has('__ndarray__')) return arrayFrom(marked);
    if (marked.has('__npgeneric__')) return scalarFrom(marked);
    return map;
  }

  #need(bytes: number, what: string): void {
    if (this.#frame.length - this.at < bytes) throw broken(what);
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
