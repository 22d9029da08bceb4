import { Problem } from '../../../cache/problem.ts';
import { parseDtype } from './dtype.ts';

/**
 * What a frame may hold. Decoded integers are numbers, or bigints beyond 2^53 - 1; decoded floats are numbers. To be encoded,
 * a whole `number` is an integer and any other a float; `Float` says that a whole one is a float all the same.
 */
export type WireValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Float
  | NdArray
  | NumpyScalar
  | readonly WireValue[]
  | WireMap;

/** Keys are texts; those that were sent as bytes, and mark no array, stay bytes. */
export type WireMap = ReadonlyMap<string | Uint8Array, WireValue>;

/** A number to be sent as a float even when it is whole. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A numpy array: raw elements in C order. */
export class NdArray {
  /** numpy's text, such as `<f4`. */
  readonly dtype: string;
  /** Empty for an array without axes, which has one element. */
  readonly shape: readonly number[];
  /** Of a decoded array, a view into its frame, at any alignment. */
  readonly bytes: Uint8Array;

  constructor(dtype: string, shape: readonly number[], bytes: Uint8Array) {
    const needed = byteLength(dtype, shape);
    if (bytes.length !== needed) {
      throw new Problem('ndarray-broken', `${dtype} of shape [${shape}] is ${needed} bytes, not ${bytes.length}.`);
    }
    this.dtype = dtype;
    this.shape = shape;
    this.bytes = bytes;
  }
}

/** A numpy scalar of another type than float64, text or bytes, which travel as plain values. */
export class NumpyScalar {
  readonly dtype: string;
  readonly value: boolean | number | bigint | string;

  constructor(dtype: string, value: boolean | number | bigint | string) {
    const { kind } = parseDtype(dtype);
    if ((typeof value === 'string') !== (kind === 'U')) {
      throw new Problem('ndarray-broken', `A scalar of dtype ${dtype} cannot be a ${typeof value}.`);
    }
    this.dtype = dtype;
    this.value = value;
  }
}

/** As numpy: more axes are refused. */
const mostAxes = 32;

/** Bytes of an array. Refuses shapes that are none. */
export function byteLength(dtype: string, shape: readonly number[]): number {
  const { itemSize } = parseDtype(dtype);
  const bytes = shape.reduce((product, axis) => product * axis, itemSize);
  const isShape = shape.length <= mostAxes && shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0);
  if (isShape && Number.isSafeInteger(bytes)) return bytes;
  throw new Problem('ndarray-broken', `[${shape.slice(0, mostAxes)}] is no shape of an array.`);
}
