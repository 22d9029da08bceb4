import { Problem } from '../../../cache/problem.ts';
import { numbersOf } from '../../formats/msgpack-numpy/numbers.ts';
import { NdArray, NumpyScalar, type WireMap, type WireValue } from '../../formats/msgpack-numpy/values.ts';

/** One key of a request, as a policy wants it. */
export interface RequestKey {
  readonly name: string;
  /** Shapes that are taken; the first is the one to send. */
  readonly shapes: readonly (readonly number[])[];
  /** What its numbers are, for people. */
  readonly meaning: string;
}

/** The numbers of all keys, one after the other. Refuses with all that is wrong at once; keys beyond those are passed over. */
export function readNumbers(request: WireMap, keys: readonly RequestKey[]): Float64Array {
  const wrong: string[] = [];
  const parts = keys.map((key) => {
    try {
      return numbersAt(request, key);
    } catch (error) {
      if (!Problem.is(error)) throw error;
      wrong.push(error.message);
      return new Float64Array();
    }
  });
  if (wrong.length > 0) {
    throw new Problem('wrong-observation', wrong.join('\n'), { hint: `Send ${keys.map(describeKey).join('; ')}.` });
  }
  const row = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    row.set(part, at);
    at += part.length;
  }
  return row;
}

/** How many numbers that is. */
export function rowWidth(keys: readonly RequestKey[]): number {
  const sizes = keys.map(({ shapes: [shape = []] }) => shape.reduce((product, axis) => product * axis, 1));
  return sizes.reduce((sum, size) => sum + size, 0);
}

export function describeKey({ name, shapes, meaning }: RequestKey): string {
  return `"${name}" ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' or ')}, ${meaning}`;
}

/** The noise that actions are made from is chosen by this key, an integer in [0, 2^32); optional. */
export const noiseSeedKey = 'noise_seed';

export function readNoiseSeed(request: WireMap): number | undefined {
  const seed = request.get(noiseSeedKey);
  if (seed === undefined || seed === null) return undefined;
  const value = seed instanceof NumpyScalar ? seed.value : seed;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new Problem('wrong-observation', `"${noiseSeedKey}" should be an integer in [0, 2^32).`);
}

function numbersAt(request: WireMap, { name, shapes }: RequestKey): Float64Array {
  const value = request.get(name);
  if (value === undefined) throw wrongKey(`"${name}" is missing.`);
  const shape = shapeOf(value, name);
  // Before its numbers are read: they may be many, and nobody wants them.
  if (!shapes.some((allowed) => allowed.join() === shape.join())) {
    throw wrongKey(`"${name}" has shape [${shape.join(', ')}], not [${shapes[0]?.join(', ') ?? ''}].`);
  }
  const numbers = numbersIn(value, name);
  const bad = numbers.find((number) => !Number.isFinite(number));
  if (bad !== undefined) throw wrongKey(`"${name}" holds ${bad}.`);
  return numbers;
}

/** As numpy would make an array of it. */
function shapeOf(value: WireValue, name: string): readonly number[] {
  if (value instanceof NdArray) return value.shape;
  if (Array.isArray(value)) return [value.length];
  if (typeof scalarIn(value) === 'number') return [];
  throw noNumbers(name);
}

function numbersIn(value: WireValue, name: string): Float64Array {
  if (value instanceof NdArray) return numbersOf(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'number')) return Float64Array.from(value);
  const scalar = scalarIn(value);
  if (typeof scalar === 'number') return Float64Array.of(scalar);
  throw noNumbers(name);
}

function scalarIn(value: WireValue): WireValue {
  return value instanceof NumpyScalar ? value.value : value;
}

function noNumbers(name: string): Problem {
  return wrongKey(`"${name}" is no array of numbers.`);
}

function wrongKey(message: string): Problem {
  return new Problem('wrong-observation', message);
}
