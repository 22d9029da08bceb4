import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';

/** Rows of a query as arrays: the independent second reader of our Parquet files. */
export async function query(sql: string): Promise<DuckDBValue[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRows();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
