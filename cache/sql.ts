import { accessSync, constants, existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { errorCode } from './file-problem.ts';
import { messageOf } from './problem.ts';

/** The part that `node:sqlite` and `libsql` share; all calls are synchronous. */
export interface SqlDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqlStatement;
  close(): unknown;
}

export interface SqlStatement {
  run(...values: SqlValue[]): { changes: number | bigint };
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
}

export type SqlValue = string | number | bigint | null;
export type OpenDatabase = (path: string) => SqlDatabase;

/** The first embedded SQL engine that loads here, or why there is none. */
export async function loadSql(): Promise<OpenDatabase | { reason: string }> {
  const reasons: string[] = [];
  for (const load of [nodeSqlite, libsql]) {
    try {
      return await load();
    } catch (error) {
      reasons.push(messageOf(error).split('\n')[0] ?? '');
    }
  }
  return { reason: reasons.join('; ') };
}

type Constructor = new (path: string | URL, options?: { readOnly: boolean }) => SqlDatabase;

async function nodeSqlite(): Promise<OpenDatabase> {
  // A name in a variable: the types of the lowest supported Node do not know this module.
  const name = 'node:sqlite';
  const { DatabaseSync } = await withoutExperimentalWarning(
    () => import(name) as Promise<{ DatabaseSync: Constructor }>,
  );
  return (path) => {
    if (existsSync(`${path}-wal`) || !isOnReadOnlyDisk(path)) return new DatabaseSync(path);
    // Its helper files, which a clean close removes, cannot be made here: it is read as something that never changes.
    return new DatabaseSync(new URL(`${pathToFileURL(path).href}?immutable=1`), { readOnly: true });
  };
}

function isOnReadOnlyDisk(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return errorCode(error) === 'EROFS';
  }
}

async function libsql(): Promise<OpenDatabase> {
  const { default: Database } = (await import('libsql')) as unknown as { default: Constructor };
  return (path) => new Database(path);
}

/** Node prints a line about `node:sqlite` that people who run a pipeline can do nothing about. */
async function withoutExperimentalWarning<T>(act: () => Promise<T>): Promise<T> {
  const emit = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (!String(warning).includes('SQLite')) Reflect.apply(emit, process, [warning, ...rest]);
  };
  try {
    return await act();
  } finally {
    process.emitWarning = emit;
  }
}
