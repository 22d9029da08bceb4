import { Float, NdArray, NumpyScalar, type WireValue } from '../../../../tasks/formats/msgpack-numpy/values.ts';
import { itemCodes } from './item-codes.ts';

/** How the golden files describe a value. */
export type Described =
  | { map: [string, Described][] }
  | { ndarray: { dtype: string; shape: number[]; data: (number | string | boolean)[] } }
  | { npgeneric: { dtype: string; value: number | boolean } }
  | { str: string }
  | { int: number | string }
  | { float: number }
  | { bool: boolean }
  | { nil: null }
  | { array: Described[] }
  | { bin_hex: string };

/** The value to encode. */
export function valueOf(described: Described): WireValue {
  if ('map' in described) return new Map(described.map.map(([key, value]) => [key, valueOf(value)]));
  if ('ndarray' in described) {
    const { dtype, shape, data } = described.ndarray;
    return new NdArray(dtype, shape, Buffer.concat(data.map((item) => itemCodes(dtype, item))));
  }
  if ('npgeneric' in described) return new NumpyScalar(described.npgeneric.dtype, described.npgeneric.value);
  if ('str' in described) return described.str;
  if ('int' in described) return typeof described.int === 'string' ? BigInt(described.int) : described.int;
  if ('float' in described) return new Float(described.float);
  if ('bool' in described) return described.bool;
  if ('array' in described) return described.array.map(valueOf);
  if ('bin_hex' in described) return new Uint8Array(Buffer.from(described.bin_hex, 'hex'));
  return null;
}

/** What decoding gives for it: floats are plain numbers, bytes plain arrays. */
export function plain(value: WireValue): unknown {
  if (value instanceof Float) return value.value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof NdArray) return { ...value, bytes: Buffer.from(value.bytes).toString('hex') };
  if (value instanceof NumpyScalar) return { ...value };
  if (value instanceof Map) return [...value].map(([key, inner]) => [plain(key), plain(inner)]);
  return Array.isArray(value) ? value.map(plain) : value;
}
