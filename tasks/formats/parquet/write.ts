import { ParquetWriter } from 'hyparquet-writer';
import { fileWriter } from 'hyparquet-writer/src/node.js';
import { arrowSchema } from './arrow-schema.ts';
import { type ColumnType, schemaElements } from './column-type.ts';

/** Values of one column: numbers, bigints (`int64`), booleans, strings, bytes, or nested plain arrays or objects of these. */
export type ColumnValues = ArrayLike<unknown>;

/** A Parquet file that is being written, one row group at a time. */
export interface ParquetFile {
  /** Appends one row group. Every column must be there, all of one length. */
  readonly write: (columns: Readonly<Record<string, ColumnValues>>) => void;
  /** Bytes so far, without the footer. */
  readonly sizeBytes: () => number;
  /** Writes the footer. A file that was never closed is not a Parquet file. */
  readonly close: () => void;
}

/** Fields are for images, which are compressed already: looking for what repeats in them only takes time. */
const stored = { codec: 'UNCOMPRESSED', encoding: 'PLAIN', statistics: false } as const;

/**
 * Starts a Parquet file: Snappy, dictionary where it pays, no page indexes. Equal calls give equal bytes.
 *
 * `metadata` becomes key-value metadata of the file, after the Arrow schema.
 */
export function createParquet(
  path: string,
  columns: readonly { readonly name: string; readonly type: ColumnType }[],
  metadata: Readonly<Record<string, string>> = {},
): ParquetFile {
  const writer = fileWriter(path);
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: 'schema', repetition_type: 'REQUIRED', num_children: columns.length },
      ...columns.flatMap(({ name, type }) => schemaElements(name, type)),
    ],
    kvMetadata: Object.entries({ 'ARROW:schema': arrowSchema(columns, metadata), ...metadata }).map(([key, value]) => ({
      key,
      value,
    })),
    createdBy: 'stet',
  });
  return {
    write: (values) => {
      const columnData = columns.map(({ name, type }) => ({
        name,
        data: values[name] as never,
        offsetIndex: false,
        ...('fields' in type ? stored : {}),
      }));
      const rowGroupSize = Math.max(1, (values[columns[0]?.name ?? ''] ?? []).length);
      void file.write({ columnData, rowGroupSize });
    },
    sizeBytes: () => writer.offset,
    close: () => void file.finish(),
  };
}
