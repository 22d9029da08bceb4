import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as zarr from 'zarrita';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { isLfsPointer, lfsPointer } from '../lfs-pointer.ts';

export type NumberArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** A whole array, row-major. `dtype` is a name such as `float32` or `int64`. */
export interface ZarrArray {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: NumberArray;
}

/**
 * Reads one array of numbers of a zarr version 2 store, for example `data/action`.
 *
 * A chunk that is not there has the fill value, as the format says. A damaged one is a `Problem` that names its file.
 */
export async function readArray(folder: string, path: string): Promise<ZarrArray> {
  const store = fileStore(folder);
  const array = await openArray(store, folder, path);
  const create = arrayTypes[array.dtype];
  if (create === undefined) {
    throw new Problem('zarr-type', `Array "${path}" in ${folder} has type ${array.dtype}; only numbers can be read.`);
  }
  const data = create(product(array.shape));
  for (const coords of chunkCoords(array)) {
    const chunk = await readChunk(array, coords, { folder, path });
    copyChunk(chunk, coords, { array, data });
  }
  return { shape: array.shape, dtype: array.dtype, data };
}

type Store = { get: (key: `/${string}`) => Promise<Uint8Array | undefined> };
type OpenArray = zarr.Array<zarr.DataType, Store>;
type Chunk = { data: ArrayLike<number | bigint>; stride: readonly number[] };

function fileStore(folder: string): Store {
  return {
    get: async (key) => {
      const bytes = await readFile(join(folder, key)).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return undefined; // by the format, an absent key is an empty one
        throw new Problem('file-unreadable', `Cannot read ${join(folder, key)}: ${cause.message}.`, { cause });
      });
      if (bytes && isLfsPointer(bytes)) throw lfsPointer(join(folder, key));
      return bytes;
    },
  };
}

async function openArray(store: Store, folder: string, path: string): Promise<OpenArray> {
  try {
    const array = await zarr.open.v2(zarr.root(store).resolve(path), { kind: 'array', attrs: false });
    const { shape, chunks } = array;
    const sizes = [...shape, ...chunks];
    if (chunks.length !== shape.length || !sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new Error('wrong "shape" or "chunks"');
    }
    if (chunks.includes(0)) throw new Error('"chunks" has a zero');
    return array;
  } catch (cause) {
    if (Problem.is(cause)) throw cause;
    const file = join(folder, path, '.zarray');
    throw new Problem('zarr-array', `Cannot open array "${path}" in ${folder}: ${messageOf(cause)}.`, {
      hint: `Its description belongs in ${file}, in zarr version 2.`,
      cause,
    });
  }
}

async function readChunk(
  array: OpenArray,
  coords: number[],
  { folder, path }: { folder: string; path: string },
): Promise<Chunk> {
  try {
    const { data, stride } = (await array.getChunk(coords)) as unknown as Chunk;
    const expected = product(array.chunks);
    if (data.length !== expected) throw new Error(`it holds ${data.length} values instead of ${expected}`);
    return { data, stride };
  } catch (cause) {
    if (Problem.is(cause)) throw cause;
    // The separator of the name is only known to the library; version 2 uses a dot unless told otherwise.
    const file = join(folder, path, coords.join('.'));
    throw new Problem('zarr-chunk', `Cannot read a chunk of array "${path}", ${file}: ${reasonOf(cause)}.`, { cause });
  }
}

function reasonOf(failure: unknown): string {
  const cause = failure instanceof Error && failure.cause !== undefined ? failure.cause : failure;
  return typeof cause === 'number' ? 'it cannot be decompressed' : messageOf(cause);
}

function* chunkCoords({ shape, chunks }: OpenArray): Generator<number[]> {
  const counts = shape.map((size, axis) => Math.ceil(size / (chunks[axis] ?? 1)));
  if (counts.includes(0)) return;
  const coords = counts.map(() => 0);
  while (true) {
    yield [...coords];
    let axis = coords.length - 1;
    while (axis >= 0 && (coords[axis] ?? 0) + 1 === counts[axis]) {
      coords[axis] = 0;
      axis -= 1;
    }
    if (axis < 0) return;
    coords[axis] = (coords[axis] ?? 0) + 1;
  }
}

/** Copies the part of a chunk that lies inside the array; the last chunk of an axis reaches beyond it. */
function copyChunk(
  chunk: Chunk,
  coords: readonly number[],
  { array, data }: { array: OpenArray; data: NumberArray },
): void {
  const { shape, chunks } = array;
  const target = data as unknown as (number | bigint)[];
  const copyAxis = (axis: number, from: number, to: number): void => {
    if (axis === shape.length) {
      target[to] = chunk.data[from] as number | bigint;
      return;
    }
    const size = shape[axis] ?? 1;
    const start = (coords[axis] ?? 0) * (chunks[axis] ?? 1);
    const count = Math.min(chunks[axis] ?? 1, size - start);
    for (let i = 0; i < count; i += 1) {
      copyAxis(axis + 1, from + i * (chunk.stride[axis] ?? 1), to * size + start + i);
    }
  };
  copyAxis(0, 0, 0);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

const arrayTypes: Readonly<Record<string, (length: number) => NumberArray>> = {
  int8: (length) => new Int8Array(length),
  int16: (length) => new Int16Array(length),
  int32: (length) => new Int32Array(length),
  int64: (length) => new BigInt64Array(length),
  uint8: (length) => new Uint8Array(length),
  uint16: (length) => new Uint16Array(length),
  uint32: (length) => new Uint32Array(length),
  uint64: (length) => new BigUint64Array(length),
  float32: (length) => new Float32Array(length),
  float64: (length) => new Float64Array(length),
};
