import { Problem } from '../../../cache/problem.ts';
import { byteLength, NdArray, NumpyScalar, type WireValue } from './values.ts';

/**
 * The array in a map whose keys are bytes, given here as text. Only the presence of the marker counts; other keys and surplus
 * data are passed over.
 */
export function arrayFrom(marked: ReadonlyMap<string, WireValue>): NdArray {
  const dtype = dtypeFrom(marked);
  const [shape, data] = [marked.get('shape'), marked.get('data')];
  if (!Array.isArray(shape) || !shape.every((axis) => typeof axis === 'number')) {
    throw brokenArray('"shape" should be a list of integers');
  }
  if (!(data instanceof Uint8Array)) throw brokenArray('"data" should be bytes');
  const needed = byteLength(dtype, shape);
  if (data.length < needed) throw brokenArray(`${dtype} of shape [${shape}] needs ${needed} bytes, not ${data.length}`);
  return new NdArray(dtype, shape, data.subarray(0, needed));
}

export function scalarFrom(marked: ReadonlyMap<string, WireValue>): NumpyScalar {
  const dtype = dtypeFrom(marked);
  const value = marked.get('data');
  if (['boolean', 'number', 'bigint', 'string'].includes(typeof value)) {
    return new NumpyScalar(dtype, value as NumpyScalar['value']);
  }
  throw brokenArray('"data" of a scalar should be a plain number');
}

function dtypeFrom(marked: ReadonlyMap<string, WireValue>): string {
  const dtype = marked.get('dtype');
  if (typeof dtype === 'string') return dtype;
  if (dtype instanceof Uint8Array) return Buffer.from(dtype).toString('latin1');
  throw brokenArray('"dtype" should be a text');
}

function brokenArray(what: string): Problem {
  return new Problem('ndarray-broken', `The frame holds an array that is none: ${what}.`);
}
