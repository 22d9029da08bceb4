import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { KeyvStoreAdapter } from 'keyv';
import { digestBytes } from './digest.ts';
import { syncAll } from './durable.ts';
import { errorCode, fileProblem, makeFolder } from './file-problem.ts';
import { readRegular } from './regular-file.ts';
import { ownPath } from './store-border.ts';

/** A Keyv store with one file per key, safe on file systems that several machines share: its only means are `rename` and syncing. */
export class FilesKeyv implements KeyvStoreAdapter {
  /** Keyv offers its iterator only to stores whose dialect it knows. */
  readonly opts = { dialect: 'sqlite', url: 'sqlite://' };
  namespace?: string | undefined;
  private readonly folder: string;
  private readonly unique = `${process.pid}-${process.hrtime.bigint().toString(36)}`;
  private sequence = 0;

  constructor(folder: string) {
    this.folder = folder;
    try {
      mkdirSync(folder, { recursive: true });
    } catch (cause) {
      throw fileProblem(cause, folder);
    }
  }

  /** Failures are thrown by the call that meets them, so there is no event to listen for. */
  on(): this {
    return this;
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    return this.read(this.pathOf(key))?.[1] as Value | undefined;
  }

  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return keys.map((key) => this.read(this.pathOf(key))?.[1] as Value | undefined);
  }

  async set(key: string, value: string): Promise<true> {
    await this.setMany([{ key, value }]);
    return true;
  }

  /** All texts are on the disk before they have their names, and all names when this ends. */
  async setMany(entries: { key: string; value: string }[]): Promise<void> {
    const coming = entries.map(({ key }) => {
      const path = this.ownPathOf(key);
      return { path, aside: `${path}.${this.unique}-${(this.sequence += 1)}.tmp` };
    });
    try {
      for (const [i, { key, value }] of entries.entries()) writeNew(coming[i]?.aside ?? '', `${key}\n${value}`);
      await syncAll(coming.map(({ aside }) => aside));
      for (const { aside, path } of coming) renameSync(aside, path);
      await syncAll([this.folder, ...coming.map(({ path }) => dirname(path))]);
    } catch (cause) {
      for (const { aside } of coming) rmSync(aside, { force: true });
      throw fileProblem(cause, coming[0]?.path ?? this.folder);
    }
  }

  async delete(key: string): Promise<boolean> {
    try {
      unlinkSync(this.ownPathOf(key));
      return true;
    } catch (cause) {
      if (errorCode(cause) === 'ENOENT') return false;
      throw fileProblem(cause, this.pathOf(key));
    }
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)));
    await syncAll(keys.map((key) => dirname(this.pathOf(key))).filter((shard) => existsSync(shard)));
    return deleted.includes(true);
  }

  async has(key: string): Promise<boolean> {
    return this.read(this.pathOf(key)) !== undefined;
  }

  async clear(): Promise<void> {
    for await (const [key] of this.iterator(this.namespace)) await this.delete(key);
  }

  async *iterator<Value>(namespace?: string): AsyncGenerator<[string, Awaited<Value>], void> {
    for (const shard of readdirSync(this.folder).sort()) {
      for (const name of readdirSync(join(this.folder, shard)).sort()) {
        if (name.endsWith('.tmp')) continue;
        const entry = this.read(join(this.folder, shard, name));
        if (entry && (!namespace || entry[0].startsWith(`${namespace}:`))) yield entry as [string, Awaited<Value>];
      }
    }
  }

  private read(path: string): [key: string, value: string] | undefined {
    try {
      const text = readRegular(path);
      const end = text.indexOf('\n');
      return [text.slice(0, Math.max(end, 0)), text.slice(end + 1)];
    } catch (cause) {
      if (errorCode(cause) === 'ENOENT') return undefined;
      throw fileProblem(cause, path);
    }
  }

  /** For whoever changes what is there. Throws `store-leaves`. */
  private ownPathOf(key: string): string {
    return ownPath(this.folder, this.pathOf(key).slice(this.folder.length + 1));
  }

  /** Keys may hold any character and any length, so a file is named by its key's digest. */
  private pathOf(key: string): string {
    const name = digestBytes(key).slice(7);
    return `${this.folder}/${name.slice(0, 2)}/${name.slice(2)}`;
  }
}

function writeNew(path: string, text: string): void {
  const open = (): number => openSync(path, 'wx');
  let file: number;
  try {
    file = open();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    makeFolder(dirname(path));
    file = open();
  }
  try {
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}
