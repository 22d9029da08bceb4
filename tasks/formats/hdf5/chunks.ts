import { inflateSync } from 'node:zlib';
import { type DataObjects, Filters } from 'jsfive';

interface ChunkedDataset {
  /** Where the layout message is. */
  readonly at: number;
  /** Bytes of all values. */
  readonly length: number;
  readonly shape: readonly number[];
  readonly itemBytes: number;
}

interface Chunk {
  readonly from: number;
  readonly storedBytes: number;
  /** Bit k set: filter k was not applied to this one. */
  readonly skippedFilters: number;
  /** Index of its first value in the dataset. */
  readonly corner: readonly number[];
}

/** Bytes that no chunk holds read as zero, up to this; more is taken for damage. */
const mostUnwrittenBytes = 2 ** 26;

/** The values of a dataset stored in chunks, put together. Layout: HDF5 file format 3.0, IV.A.2.i, layout class 2. */
export function chunkedBytes(
  file: ArrayBuffer,
  header: DataObjects,
  { at, length, shape, itemBytes }: ChunkedDataset,
): Uint8Array<ArrayBuffer> {
  const view = new DataView(file);
  const rank = view.getUint8(at + 2) - 1;
  if (rank !== shape.length) throw new Error(`its chunks have ${rank} dimensions, its values ${shape.length}`);
  const sides = shape.map((_, axis) => view.getUint32(at + 11 + 4 * axis, true));
  if (sides.includes(0)) throw new Error('its chunks are empty');
  const chunkBytes = sides.reduce((product, side) => product * side, itemBytes);

  const chunks = chunksOf(view, { root: view.getBigUint64(at + 3, true), rank });
  if (length > chunks.length * chunkBytes + mostUnwrittenBytes) {
    throw new Error(`${chunks.length} chunks are too few for its ${length} bytes`);
  }
  const filters = (header.filter_pipeline ?? []).map((filter) => filter.get('filter_id') ?? 0);
  const values = new Uint8Array(length);
  for (const chunk of chunks) {
    const stored = new Uint8Array(file, chunk.from, chunk.storedBytes);
    const decoded = decode(stored, { filters, skipped: chunk.skippedFilters, chunkBytes, itemBytes });
    copyChunk(decoded, { values, shape, sides, corner: chunk.corner, itemBytes });
  }
  return values;
}

const noAddress = 2n ** 64n - 1n;
const nodeHeaderBytes = 24;

/** The leaves of a version 1 B-tree of chunks (III.A.1, node type 1), in its order. */
function chunksOf(view: DataView, { root, rank }: { root: bigint; rank: number }): Chunk[] {
  const chunks: Chunk[] = [];
  let nodesLeft = Math.ceil(view.byteLength / nodeHeaderBytes); // nodes share no bytes, so a sound tree has fewer
  if (root !== noAddress) visit(Number(root), undefined);
  return chunks;

  function visit(node: number, expectedLevel: number | undefined): void {
    const level = view.getUint8(node + 5);
    if (view.getUint32(node, false) !== 0x54524545 || view.getUint8(node + 4) !== 1)
      throw new Error(`no list of chunks at byte ${node}`);
    if (expectedLevel !== undefined && level !== expectedLevel) throw new Error('the list of its chunks is tangled');
    nodesLeft -= 1;
    if (nodesLeft < 0) throw new Error('the list of its chunks goes in circles');
    const entryBytes = 8 + 8 * (rank + 1) + 8;
    for (let entry = 0; entry < view.getUint16(node + 6, true); entry += 1) {
      const key = node + nodeHeaderBytes + entry * entryBytes;
      const child = Number(view.getBigUint64(key + entryBytes - 8, true));
      if (level > 0) visit(child, level - 1);
      else chunks.push({ from: child, ...chunkKey(view, key, rank) });
    }
  }
}

function chunkKey(view: DataView, key: number, rank: number): Omit<Chunk, 'from'> {
  return {
    storedBytes: view.getUint32(key, true),
    skippedFilters: view.getUint32(key + 4, true),
    corner: Array.from({ length: rank }, (_, axis) => Number(view.getBigUint64(key + 8 + 8 * axis, true))),
  };
}

/** Filter numbers: HDF5 file format 3.0, IV.A.2.l. */
const deflate = 1;
const shuffle = 2;
const fletcher32 = 3;
const checksumBytes = 4;

interface Decoding {
  readonly filters: readonly number[];
  readonly skipped: number;
  readonly chunkBytes: number;
  readonly itemBytes: number;
}

/** Undoes the filters, last one first. */
function decode(stored: Uint8Array, { filters, skipped, chunkBytes, itemBytes }: Decoding): Uint8Array {
  let bytes = stored;
  for (const [index, filter] of [...filters.entries()].reverse()) {
    if (skipped & (1 << index)) continue;
    if (filter === deflate) bytes = inflateSync(bytes, { maxOutputLength: chunkBytes + checksumBytes });
    else if (filter === shuffle) bytes = unshuffled(bytes, itemBytes);
    else if (filter === fletcher32) bytes = checked(bytes, itemBytes);
    else throw new Error(`filter ${filter} is not supported, only deflate, shuffle and Fletcher-32`);
  }
  if (bytes.length !== chunkBytes) throw new Error(`a chunk has ${bytes.length} bytes, not ${chunkBytes}`);
  return bytes;
}

function checked(bytes: Uint8Array, itemBytes: number): Uint8Array {
  const verify = Filters.get(fletcher32);
  if (bytes.length < checksumBytes || verify === undefined) throw new Error('a chunk is too short for its checksum');
  return new Uint8Array(verify(new Uint8Array(bytes).buffer, itemBytes));
}

/** From "all first bytes, all second bytes, …" back to whole values. */
function unshuffled(bytes: Uint8Array, itemBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / itemBytes);
  const values = new Uint8Array(bytes); // bytes past the last whole value stay where they are
  for (let byte = 0; byte < itemBytes; byte += 1) {
    for (let index = 0; index < count; index += 1)
      values[index * itemBytes + byte] = bytes[byte * count + index] as number;
  }
  return values;
}

interface Placement {
  readonly values: Uint8Array;
  readonly shape: readonly number[];
  readonly sides: readonly number[];
  readonly corner: readonly number[];
  readonly itemBytes: number;
}

/** Copies the part of a chunk that lies inside the dataset, in runs as long as both have in one piece. */
function copyChunk(chunk: Uint8Array, { values, shape, sides, corner, itemBytes }: Placement): void {
  const rank = shape.length;
  const whole = (axis: number) => sides[axis] === shape[axis] && corner[axis] === 0;
  let runAxis = Math.max(0, rank - 1);
  while (runAxis > 0 && whole(runAxis)) runAxis -= 1;
  const [chunkStrides, strides] = [stridesOf(sides, itemBytes), stridesOf(shape, itemBytes)];
  copy(0, 0, 0);

  function copy(axis: number, from: number, to: number): void {
    const first = corner[axis] ?? 0;
    const count = Math.min(sides[axis] ?? 1, (shape[axis] ?? 1) - first);
    const [fromStride, toStride] = [chunkStrides[axis] ?? itemBytes, strides[axis] ?? itemBytes];
    const start = to + first * toStride;
    if (count <= 0) return;
    if (axis >= runAxis) values.set(chunk.subarray(from, from + count * fromStride), start);
    else
      for (let index = 0; index < count; index += 1)
        copy(axis + 1, from + index * fromStride, start + index * toStride);
  }
}

function stridesOf(sides: readonly number[], itemBytes: number): number[] {
  const strides: number[] = [];
  sides.reduceRight((stride, side, axis) => {
    strides[axis] = stride;
    return stride * side;
  }, itemBytes);
  return strides;
}
