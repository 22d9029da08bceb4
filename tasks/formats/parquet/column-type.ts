import type { SchemaElement } from 'hyparquet';

export type Primitive =
  | 'float32'
  | 'float64'
  | 'bool'
  | 'string'
  | 'binary'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32';

/** A column's type: a scalar, a list (`length` is set when all have that many elements), or named fields. */
export type ColumnType =
  | { readonly of: Primitive }
  | { readonly listOf: ColumnType; readonly length?: number }
  | { readonly fields: Readonly<Record<string, ColumnType>> };

/** Elements of a Parquet schema for one column, in depth-first order. All levels are optional, as pyarrow writes them. */
export function schemaElements(name: string, type: ColumnType): SchemaElement[] {
  if ('of' in type) return [{ name, repetition_type: 'OPTIONAL', ...physical[type.of] }];
  if ('fields' in type) {
    const fields = Object.entries(type.fields);
    const children = fields.flatMap(([child, each]) => schemaElements(child, each));
    return [{ name, repetition_type: 'OPTIONAL', num_children: fields.length }, ...children];
  }
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...schemaElements('element', type.listOf),
  ];
}

const physical: Readonly<Record<Primitive, Omit<SchemaElement, 'name'>>> = {
  float32: { type: 'FLOAT' },
  float64: { type: 'DOUBLE' },
  bool: { type: 'BOOLEAN' },
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  binary: { type: 'BYTE_ARRAY' },
  int8: integer(8, true),
  int16: integer(16, true),
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  uint8: integer(8, false),
  uint16: integer(16, false),
  uint32: integer(32, false),
};

/** Only the older annotation: hyparquet-writer encodes the width of the newer one in a way that Arrow cannot parse. */
function integer(bits: 8 | 16 | 32, signed: boolean): Omit<SchemaElement, 'name'> {
  return { type: 'INT32', converted_type: `${signed ? 'INT' : 'UINT'}_${bits}` };
}
