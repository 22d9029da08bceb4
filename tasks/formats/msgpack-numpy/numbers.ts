import { Problem } from '../../../cache/problem.ts';
import { type Dtype, parseDtype } from './dtype.ts';
import { NdArray } from './values.ts';

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** An array of the values' own type, `shape` being row-major. Its bytes are a copy. */
export function ndarray(values: Numbers, shape: readonly number[]): NdArray {
  const size = values.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as number;
    if (values instanceof Float64Array) view.setFloat64(size * i, value, true);
    else if (values instanceof Float32Array) view.setFloat32(size * i, value, true);
    else if (values instanceof Int32Array) view.setInt32(size * i, value, true);
    else bytes[i] = value;
  }
  return new NdArray(dtypeOf(values), shape, bytes);
}

function dtypeOf(values: Numbers): string {
  if (values instanceof Float64Array) return '<f8';
  if (values instanceof Float32Array) return '<f4';
  return values instanceof Int32Array ? '<i4' : '|u1';
}

/** The elements of an array of bools, integers or floats, in C order; integers beyond 2^53 lose their last digits. */
export function numbersOf({ dtype: text, bytes }: NdArray): Float64Array {
  const dtype = parseDtype(text);
  if (dtype.kind === 'u' && dtype.itemSize === 1) return new Float64Array(bytes); // pictures are many
  const read = readerFor(dtype, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (read === undefined) throw new Problem('dtype-unsupported', `Elements of dtype ${text} are no numbers.`);
  return Float64Array.from({ length: bytes.length / dtype.itemSize }, (_, i) => read(i * dtype.itemSize));
}

function readerFor({ kind, itemSize, littleEndian }: Dtype, view: DataView): ((at: number) => number) | undefined {
  switch (`${kind}${itemSize}`) {
    case 'b1':
      return (at) => (view.getUint8(at) === 0 ? 0 : 1);
    case 'i1':
      return (at) => view.getInt8(at);
    case 'u2':
      return (at) => view.getUint16(at, littleEndian);
    case 'i2':
      return (at) => view.getInt16(at, littleEndian);
    case 'u4':
      return (at) => view.getUint32(at, littleEndian);
    case 'i4':
      return (at) => view.getInt32(at, littleEndian);
    case 'u8':
      return (at) => Number(view.getBigUint64(at, littleEndian));
    case 'i8':
      return (at) => Number(view.getBigInt64(at, littleEndian));
    case 'f2':
      return (at) => halfToNumber(view.getUint16(at, littleEndian));
    case 'f4':
      return (at) => view.getFloat32(at, littleEndian);
    case 'f8':
      return (at) => view.getFloat64(at, littleEndian);
    default:
      return undefined; // texts, times, and floats that are wider than ours
  }
}

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
