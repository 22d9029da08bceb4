import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { KeyvStoreAdapter } from 'keyv';
import { giveToGroup } from './shared-store.ts';
import type { OpenDatabase, SqlDatabase, SqlStatement } from './sql.ts';

/**
 * A Keyv store on an embedded SQL engine, for one host: WAL needs shared memory, so never on a network file system.
 *
 * With `synchronous=FULL` a write has ended when it is on the disk, and nobody reads it before: many at once cost as much as one.
 */
export class SqlKeyv implements KeyvStoreAdapter {
  /** Keyv offers its iterator only to stores whose dialect it knows. */
  readonly opts = { dialect: 'sqlite', url: 'sqlite://' };
  namespace?: string | undefined;
  private readonly database: SqlDatabase;
  private readonly statements: Record<'get' | 'set' | 'delete' | 'page' | 'clear', SqlStatement>;

  constructor(open: OpenDatabase, path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.database = open(path);
    this.database.exec('PRAGMA busy_timeout = 20000');
    this.database.exec('PRAGMA journal_mode = WAL');
    this.database.exec('PRAGMA synchronous = FULL');
    this.database.exec('CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
    giveToGroup(dirname(path), [path, `${path}-wal`, `${path}-shm`]);
    this.statements = {
      get: this.database.prepare('SELECT value FROM entries WHERE key = ?'),
      set: this.database.prepare(
        'INSERT INTO entries (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      ),
      delete: this.database.prepare('DELETE FROM entries WHERE key = ?'),
      page: this.database.prepare('SELECT key, value FROM entries WHERE key > ? AND key < ? ORDER BY key LIMIT 1000'),
      clear: this.database.prepare('DELETE FROM entries WHERE key >= ? AND key < ?'),
    };
  }

  /** Failures are thrown by the call that meets them, so there is no event to listen for. */
  on(): this {
    return this;
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    return this.valueOf(key) as Value | undefined;
  }

  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    const read = (): (Value | undefined)[] => keys.map((key) => this.valueOf(key) as Value | undefined);
    return keys.length > 1 ? this.atomically('DEFERRED', read) : read();
  }

  async set(key: string, value: string): Promise<true> {
    this.statements.set.run(key, value);
    return true;
  }

  async setMany(entries: { key: string; value: string }[]): Promise<void> {
    this.atomically('IMMEDIATE', () => {
      for (const { key, value } of entries) this.statements.set.run(key, value);
    });
  }

  async delete(key: string): Promise<boolean> {
    return Number(this.statements.delete.run(key).changes) > 0;
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    return this.atomically('IMMEDIATE', () => keys.map((key) => this.statements.delete.run(key).changes).some(Number));
  }

  async has(key: string): Promise<boolean> {
    return this.valueOf(key) !== undefined;
  }

  async clear(): Promise<void> {
    this.statements.clear.run(...range(this.namespace));
  }

  /** In pages, so that other processes may write between them. */
  async *iterator<Value>(namespace?: string): AsyncGenerator<[string, Awaited<Value>], void> {
    let [from, to] = range(namespace);
    for (;;) {
      const rows = this.statements.page.all(from, to) as { key: string; value: Awaited<Value> }[];
      for (const { key, value } of rows) yield [key, value];
      const last = rows.at(-1);
      if (!last) return;
      from = last.key;
    }
  }

  async disconnect(): Promise<void> {
    this.database.close();
  }

  private valueOf(key: string): string | undefined {
    return (this.statements.get.get(key) as { value: string } | undefined)?.value;
  }

  private atomically<T>(mode: 'DEFERRED' | 'IMMEDIATE', act: () => T): T {
    this.database.exec(`BEGIN ${mode}`);
    try {
      const result = act();
      this.database.exec('COMMIT');
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  private rollback(): void {
    try {
      this.database.exec('ROLLBACK');
    } catch {
      // A full disk has ended the transaction already; the error that brought us here says so.
    }
  }
}

/** All keys of a namespace lie between these two: `;` is the character after `:`. */
function range(namespace: string | undefined): [string, string] {
  return namespace ? [`${namespace}:`, `${namespace};`] : ['', '\u{10FFFF}'];
}
