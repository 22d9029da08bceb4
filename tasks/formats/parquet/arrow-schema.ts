import { Builder, type Offset } from 'flatbuffers';
import type { ColumnType, Primitive } from './column-type.ts';

/**
 * The value of the `ARROW:schema` metadata of a Parquet file: an Arrow IPC schema message in base64.
 *
 * Parquet has no lists of fixed length; with this key, Arrow readers (pyarrow, HF datasets) load them as
 * `fixed_size_list`. They then take the file's other metadata from here too, so it is repeated. Layout: `format/Message.fbs` and `format/Schema.fbs` of Apache Arrow, metadata version 5. The
 * numbers below are the field positions and union codes of those two files.
 */
export function arrowSchema(
  columns: readonly { name: string; type: ColumnType }[],
  metadata: Readonly<Record<string, string>>,
): string {
  const builder = new Builder(1024);
  const fields = offsetVector(
    builder,
    columns.map(({ name, type }) => field(builder, name, type)),
  );
  const pairs = offsetVector(
    builder,
    Object.entries(metadata).map((pair) => keyValue(builder, pair)),
  );
  builder.startObject(4); // Schema
  builder.addFieldOffset(1, fields, 0);
  builder.addFieldOffset(2, pairs, 0);
  const schema = builder.endObject();

  builder.startObject(5); // Message
  builder.addFieldInt16(0, 4, 0); // metadata version 5
  builder.addFieldInt8(1, 1, 0); // the header is a Schema
  builder.addFieldOffset(2, schema, 0);
  builder.finish(builder.endObject());
  return encapsulated(builder.asUint8Array());
}

/** Continuation marker, length padded to 8 bytes, message. */
function encapsulated(message: Uint8Array): string {
  const padded = Math.ceil(message.length / 8) * 8;
  const bytes = Buffer.alloc(8 + padded);
  bytes.writeUInt32LE(0xffffffff, 0);
  bytes.writeInt32LE(padded, 4);
  bytes.set(message, 8);
  return bytes.toString('base64');
}

function field(builder: Builder, name: string, type: ColumnType): Offset {
  const children = offsetVector(
    builder,
    childrenOf(type).map(([child, each]) => field(builder, child, each)),
  );
  const { code, table } = arrowType(builder, type);
  const nameOffset = builder.createString(name);
  builder.startObject(7); // Field
  builder.addFieldOffset(0, nameOffset, 0);
  builder.addFieldInt8(1, 1, 0); // nullable
  builder.addFieldInt8(2, code, 0);
  builder.addFieldOffset(3, table, 0);
  builder.addFieldOffset(5, children, 0);
  return builder.endObject();
}

function childrenOf(type: ColumnType): [string, ColumnType][] {
  if ('fields' in type) return Object.entries(type.fields);
  return 'of' in type ? [] : [['element', type.listOf]];
}

function arrowType(builder: Builder, type: ColumnType): { code: number; table: Offset } {
  if ('listOf' in type) return listType(builder, type.length);
  const { code, write } = 'fields' in type ? struct : scalars[type.of];
  builder.startObject(2);
  write(builder);
  return { code, table: builder.endObject() };
}

function listType(builder: Builder, length: number | undefined): { code: number; table: Offset } {
  builder.startObject(1);
  if (length !== undefined) builder.addFieldInt32(0, length, 0);
  return { code: length === undefined ? 12 : 16, table: builder.endObject() };
}

function keyValue(builder: Builder, [key, value]: [string, string]): Offset {
  const [keyOffset, valueOffset] = [builder.createString(key), builder.createString(value)];
  builder.startObject(2); // KeyValue
  builder.addFieldOffset(0, keyOffset, 0);
  builder.addFieldOffset(1, valueOffset, 0);
  return builder.endObject();
}

type Scalar = { readonly code: number; readonly write: (builder: Builder) => void };

const struct: Scalar = { code: 13, write: () => {} };

const scalars: Readonly<Record<Primitive, Scalar>> = {
  float32: { code: 3, write: (builder) => builder.addFieldInt16(0, 1, 0) },
  float64: { code: 3, write: (builder) => builder.addFieldInt16(0, 2, 0) },
  string: { code: 5, write: () => {} },
  binary: { code: 4, write: () => {} },
  bool: { code: 6, write: () => {} },
  int8: integer(8, true),
  int16: integer(16, true),
  int32: integer(32, true),
  int64: integer(64, true),
  uint8: integer(8, false),
  uint16: integer(16, false),
  uint32: integer(32, false),
};

function integer(bits: number, signed: boolean): Scalar {
  return {
    code: 2,
    write: (builder) => {
      builder.addFieldInt32(0, bits, 0);
      builder.addFieldInt8(1, signed ? 1 : 0, 0);
    },
  };
}

function offsetVector(builder: Builder, offsets: readonly Offset[]): Offset {
  builder.startVector(4, offsets.length, 4);
  for (const offset of offsets.toReversed()) builder.addOffset(offset);
  return builder.endVector();
}
