import type { DataObjects } from 'jsfive';
import { chunkedBytes } from './chunks.ts';

export interface Extent {
  readonly shape: readonly number[];
  readonly itemBytes: number;
}

const layoutMessage = 0x0008;
const nowhere = 2 ** 64 - 1;

/**
 * The bytes of all values of a dataset, row-major, as a copy.
 *
 * jsfive gives one boxed number per value, which for images is a hundred times too slow and too large; so only the place
 * of the data is taken from its headers. Layout: HDF5 file format 3.0, IV.A.2.i, version 3.
 */
export function storedBytes(file: ArrayBuffer, header: DataObjects, extent: Extent): Uint8Array<ArrayBuffer> {
  const at = header.find_msg_type(layoutMessage)[0]?.get('offset_to_message');
  if (at === undefined) throw new Error('where its values lie is not recorded');
  const view = new DataView(file, at);
  const [version, layout] = [view.getUint8(0), view.getUint8(1)];
  if (version !== 3) throw new Error(`storage layout version ${version} is not supported, only 3`);
  const length = extent.shape.reduce((product, side) => product * side, extent.itemBytes);
  if (layout === 0) return piece(file, { from: at + 4, length });
  if (layout === 1) return contiguousBytes(file, Number(view.getBigUint64(2, true)), length);
  if (layout === 2) return chunkedBytes(file, header, { at, length, ...extent });
  throw new Error(`storage layout ${layout} is not known`);
}

/** A dataset without storage larger than this is taken for damage. */
const mostUnwrittenBytes = 2 ** 26;

function contiguousBytes(file: ArrayBuffer, from: number, length: number): Uint8Array<ArrayBuffer> {
  if (from !== nowhere) return piece(file, { from, length });
  if (length > mostUnwrittenBytes) throw new Error(`none of its ${length} bytes are in the file`);
  return new Uint8Array(length);
}

function piece(file: ArrayBuffer, { from, length }: { from: number; length: number }): Uint8Array<ArrayBuffer> {
  if (from + length > file.byteLength) throw new Error(`its values reach beyond the end, to byte ${from + length}`);
  return new Uint8Array(file.slice(from, from + length));
}
