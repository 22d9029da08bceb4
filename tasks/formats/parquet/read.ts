import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetRead, parquetSchema } from 'hyparquet';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { checkPages } from './check-pages.ts';

/** An open Parquet file. Every failure is a `Problem` that names the file. */
export interface ParquetSource {
  readonly path: string;
  readonly rowCount: number;
  readonly columns: readonly string[];
  /** Half-open row ranges of the row groups, in file order. */
  readonly rowGroups: readonly { readonly start: number; readonly end: number }[];
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Hands over the values of one column in pieces, each with the row of its first value. Pieces may reach beyond
   * `[start, end)`; lists come as nested plain arrays, `int64` as bigint, bytes as `Uint8Array`,
   * named fields as objects.
   */
  readonly readColumn: (
    column: string,
    range: RowRange,
    onPiece: (values: ArrayLike<unknown>, firstRow: number) => void,
  ) => Promise<void>;
}
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

export async function openParquet(path: string): Promise<ParquetSource> {
  const file = await asyncBufferFromFile(path).catch((cause: unknown) => {
    throw new Problem('file-unreadable', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  });
  const metadata = await readable(path, () => parquetMetadataAsync(file));
  const rowCount = await readable(path, async () => Number(metadata.num_rows));
  const columns = await readable(path, async () => parquetSchema(metadata).children.map(({ element }) => element.name));
  const rowGroups = await readable(path, async () => rowGroupsOf(metadata));
  return {
    path,
    rowCount,
    columns,
    rowGroups,
    metadata: await readable(path, async () =>
      Object.fromEntries((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''])),
    ),
    readColumn: (column, { start, end }, onPiece) =>
      readable(path, async () => {
        for (const [position, group] of rowGroups.entries()) {
          if (group.start < end && group.end > start) await checkPages(file, metadata, position, column);
        }
        const held = holdFailure(onPiece);
        await parquetRead({
          file,
          metadata,
          columns: [column],
          rowStart: start,
          rowEnd: end,
          utf8: false, // bytes are text only where the file says so
          onChunk: ({ columnData, rowStart }) => held.call(columnData as ArrayLike<unknown>, rowStart),
        });
        held.rethrow();
      }),
  };
}

/** hyparquet does not catch what its callback throws, which would end the process: keep it until the read is over. */
function holdFailure<A extends unknown[]>(
  callback: (...args: A) => void,
): { call: (...args: A) => void; rethrow: () => void } {
  const failures: unknown[] = [];
  return {
    call: (...args) => {
      if (failures.length > 0) return;
      try {
        callback(...args);
      } catch (failure) {
        failures.push(failure);
      }
    },
    rethrow: () => {
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** All values of one column of a small file. */
export async function readWholeColumn(source: ParquetSource, column: string): Promise<unknown[]> {
  const values: unknown[] = [];
  await source.readColumn(column, { start: 0, end: source.rowCount }, (piece, firstRow) => {
    for (let i = 0; i < piece.length; i += 1) values[firstRow + i] = piece[i];
  });
  return values;
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (Problem.is(cause)) throw cause;
    throw new Problem('parquet-damaged', `${path} is not a readable Parquet file: ${messageOf(cause)}.`, {
      hint: 'Get the file again; if it is a Git LFS pointer, fetch the real file.',
      cause,
    });
  }
}

function rowGroupsOf({ row_groups }: FileMetaData): RowRange[] {
  let start = 0;
  return row_groups.map(({ num_rows }) => {
    const range = { start, end: start + Number(num_rows) };
    start = range.end;
    return range;
  });
}
