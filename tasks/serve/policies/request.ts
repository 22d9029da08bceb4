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
  const { shape, numbers } = arrayOf(value, name);
  if (!shapes.some((allowed) => allowed.join() === shape.join())) {
    throw wrongKey(`"${name}" has shape [${shape.join(', ')}], not [${shapes[0]?.join(', ') ?? ''}].`);
  }
  const bad = numbers.find((number) => !Number.isFinite(number));
  if (bad !== undefined) throw wrongKey(`"${name}" holds ${bad}.`);
  return numbers;
}

/** As numpy would make an array of it. */
function arrayOf(value: WireValue, name: string): { shape: readonly number[]; numbers: Float64Array } {
  if (value instanceof NdArray) return { shape: value.shape, numbers: numbersOf(value) };
  const scalar = value instanceof NumpyScalar ? value.value : value;
  if (typeof scalar === 'number') return { shape: [], numbers: Float64Array.of(scalar) };
  if (Array.isArray(value) && value.every((item) => typeof item === 'number')) {
    return { shape: [value.length], numbers: Float64Array.from(value) };
  }
  throw wrongKey(`"${name}" is no array of numbers.`);
}

function wrongKey(message: string): Problem {
  return new Problem('wrong-observation', message);
}
