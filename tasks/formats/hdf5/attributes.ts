import type { DataObjects } from 'jsfive';

/** Booleans of h5py are 0 and 1. Arrays are flat. What jsfive cannot decode is null. */
export type Hdf5Attribute = string | number | null | readonly (string | number)[];
export type Hdf5Attributes = Readonly<Record<string, Hdf5Attribute>>;

const attributeMessage = 0x000c;

/** The attributes of one object that are stored in its header, as h5py does up to 64 kB; by name. */
export function readAttributes(bytes: ArrayBuffer, header: DataObjects): Hdf5Attributes {
  const pairs = header.find_msg_type(attributeMessage).map((message) => {
    const offset = message.get('offset_to_message') ?? 0;
    checkSize(bytes, header, { offset, size: message.get('size') ?? 0 });
    const [name, value] = header.unpack_attribute(offset);
    return [name.replace(/\0+$/, ''), plain(value)] as const;
  });
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The value of an attribute lies inside its message. jsfive does not check that, and one wrong byte in a size would
 * make it write billions of values. Layout: HDF5 file format 3.0, IV.A.2.m, versions 1 and 3.
 */
function checkSize(bytes: ArrayBuffer, header: DataObjects, { offset, size }: { offset: number; size: number }): void {
  const view = new DataView(bytes, offset);
  const version = view.getUint8(0);
  const padded = (length: number) => (version === 1 ? Math.ceil(length / 8) * 8 : length);
  const type = (version === 1 ? 8 : 9) + padded(view.getUint16(2, true));
  const space = type + padded(view.getUint16(4, true));
  const values = space + padded(view.getUint16(6, true));
  const itemBytes = view.getUint32(type + 4, true);
  const count = header.determine_data_shape(bytes, offset + space).reduce((product, side) => product * side, 1);
  if (itemBytes === 0 || values + count * itemBytes > size) throw new Error('an attribute is larger than its place');
}

function plain(value: unknown): Hdf5Attribute {
  if (typeof value === 'string') return value.replace(/\0+$/, '');
  if (typeof value === 'number' || value === null) return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'number')) {
    return value.map((item) => (typeof item === 'string' ? item.replace(/\0+$/, '') : item));
  }
  return null;
}
