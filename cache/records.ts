import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { KeyvStoreAdapter } from 'keyv';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import { fileProblem } from './file-problem.ts';
import { fileSystemOf } from './file-system.ts';
import { FilesKeyv } from './files-keyv.ts';
import { messageOf, Problem } from './problem.ts';
import { type NodeRecord, parseRecord, recordText } from './record-text.ts';
import { loadSql } from './sql.ts';
import { SqlKeyv } from './sql-keyv.ts';

export { type Acceptance, artifactsIn, isStoredArtifact, type NodeRecord } from './record-text.ts';

/** Fingerprint to record. Damaged records are misses with a warning; a store that fails throws `records-unusable`. */
export interface Records {
  /** Where records are kept, for people. */
  readonly place: string;
  /** Why records are not kept in the way that was to be expected here. */
  readonly warning: string | undefined;
  get(fingerprint: Digest): Promise<NodeRecord | undefined>;
  /** In the order of `fingerprints`. */
  getMany(fingerprints: readonly Digest[]): Promise<(NodeRecord | undefined)[]>;
  /** On the disk when it ends, where records are embedded or files; with a server it is as that is set up. */
  set(...records: readonly NodeRecord[]): Promise<void>;
  delete(fingerprints: readonly Digest[]): Promise<void>;
  all(): AsyncIterable<NodeRecord>;
  /** Fingerprints of entries that are there but cannot be read. */
  damaged(): AsyncIterable<{ fingerprint: Digest; reason: string }>;
  /** The fingerprint of a task's newest record. */
  newest(task: string): Promise<Digest | undefined>;
  close(): Promise<void>;
}

const namespace = 'stet-v1';
/** Fingerprints start with `sha256:`, so this prefix is free. */
const newestPrefix = 'newest:';
/** Other processes may write between. */
const deletedAtOnce = 1000;

/**
 * Opens records at `sqlite:<path>`, `files:<folder>`, `redis://…` or `postgres://…`; paths are relative to `root`.
 *
 * `auto` is an embedded SQL store, or a file per record when `root` is on a network file system or no SQL engine loads;
 * `warning` says the latter.
 */
export async function openRecords(
  url: string,
  { root, warn = () => undefined }: { root: string; warn?: (message: string) => void },
): Promise<Records> {
  const [{ Keyv }, { store, place, warning }] = await Promise.all([import('keyv'), openAdapter(url, root)]);
  const texts = new Keyv<string>({
    store,
    namespace,
    throwOnErrors: true,
    serialize: ({ value }) => value as string,
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Keyv declares it so
    deserialize: <V>(text: string) => ({ value: text as V }),
  });
  // Without a listener an error of a connection that nobody waits for would end the process.
  texts.on('error', (error: unknown) => warn(`The records at ${place} report: ${messageOf(error)}.`));

  const parse = (fingerprint: Digest, text: string | undefined): NodeRecord | undefined => {
    if (text === undefined) return undefined;
    const record = parseRecord(fingerprint, text);
    if (typeof record !== 'string') return record;
    warn(`The record of ${fingerprint} is damaged: ${record}. It is taken as missing.`);
    return undefined;
  };
  async function* entries(): AsyncGenerator<[Digest, string]> {
    if (!texts.iterator) throw new Problem('records-not-listable', `The records at ${place} cannot be listed.`);
    const iterator = texts.iterator(undefined) as AsyncGenerator<[string, string], void>;
    for (;;) {
      const next = await said(place, () => iterator.next());
      if (next.done) return;
      const [key, text] = next.value;
      if (isDigest(key)) yield [key, text];
    }
  }

  return {
    place,
    warning,
    get: async (fingerprint) => parse(fingerprint, await said(place, () => texts.get(fingerprint))),
    getMany: async (fingerprints) => {
      if (fingerprints.length === 0) return [];
      const found = await said(place, () => texts.getMany<string>([...fingerprints]));
      return fingerprints.map((fingerprint, index) => parse(fingerprint, found[index]));
    },
    set: async (...records) => {
      if (records.length === 0) return;
      const newest = new Map(records.map(({ recipe, fingerprint }) => [newestPrefix + recipe.task, fingerprint]));
      const entries = [
        ...records.map((record) => ({ key: record.fingerprint, value: recordText(record) })),
        ...[...newest].map(([key, value]) => ({ key, value })),
      ];
      await said(place, () => texts.setMany(entries));
    },
    delete: async (fingerprints) => {
      for (let from = 0; from < fingerprints.length; from += deletedAtOnce) {
        await said(place, () => texts.delete(fingerprints.slice(from, from + deletedAtOnce)));
      }
    },
    async *all() {
      for await (const [fingerprint, text] of entries()) {
        const record = parse(fingerprint, text);
        if (record) yield record;
      }
    },
    async *damaged() {
      for await (const [fingerprint, text] of entries()) {
        const reason = parseRecord(fingerprint, text);
        if (typeof reason === 'string') yield { fingerprint, reason };
      }
    },
    newest: async (task) => {
      const found = await said(place, () => texts.get(newestPrefix + task));
      return isDigest(found) ? found : undefined;
    },
    close: () => texts.disconnect(),
  };
}

async function said<T>(place: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (Problem.is(cause)) throw cause;
    const words = messageOf(cause);
    if (/full/i.test(words))
      throw new Problem('disk-full', `No room to write records at ${place}: ${words}.`, { cause });
    if (/readonly|read-only/i.test(words)) {
      throw new Problem('store-read-only', `Cannot write records at ${place}: ${words}.`, { cause });
    }
    throw new Problem('records-unusable', `The records at ${place} failed: ${words}.`, {
      hint: 'Nothing was taken for a miss. Repair or move that file or server, then run again.',
      cause,
    });
  }
}

interface Opened {
  store: KeyvStoreAdapter;
  place: string;
  warning?: string;
}

async function openAdapter(url: string, root: string): Promise<Opened> {
  if (url === 'auto') return openAuto(root);
  const [scheme, rest] = [url.slice(0, url.indexOf(':')), url.slice(url.indexOf(':') + 1)];
  switch (scheme) {
    case 'sqlite':
      return openSql(resolveIn(root, rest));
    case 'files':
      return { store: new FilesKeyv(resolveIn(root, rest)), place: resolveIn(root, rest) };
    case 'redis':
    case 'rediss':
      return { store: await openServer('@keyv/redis', url), place: withoutPassword(url) };
    case 'postgres':
    case 'postgresql':
      return { store: await openServer('@keyv/postgres', url), place: withoutPassword(url) };
    default:
      throw new Problem('wrong-records-url', `"${url}" does not say where records are.`, {
        hint: 'Use auto, sqlite:PATH, files:FOLDER, redis://HOST:PORT or postgres://USER@HOST/DATABASE.',
      });
  }
}

/** Whichever kind of records lies there already is used again: records in two places would be misses in one of them. */
async function openAuto(root: string): Promise<Opened> {
  const files = join(root, 'records');
  const sqlite = join(root, 'records.sqlite');
  const openFiles = (): Opened => ({ store: new FilesKeyv(files), place: files });
  if (fileSystemOf(root).kind === 'network') return openFiles();
  const engine = await loadSql();
  if (typeof engine === 'function') {
    if (!existsSync(sqlite) && existsSync(files) && readdirSync(files).length > 0) return openFiles();
    return openSql(sqlite);
  }
  const warning =
    `No embedded SQL engine loads here (${engine.reason}), so records are kept as files in ${files}. ` +
    'To have one: npm install libsql, or Node 22.13 or newer.';
  return { ...openFiles(), warning };
}

async function openSql(path: string): Promise<Opened> {
  const engine = await loadSql();
  if (typeof engine !== 'function') {
    throw new Problem('no-sql-engine', `Cannot open ${path}: no embedded SQL engine loads here (${engine.reason}).`, {
      hint: 'Run npm install libsql, use Node 22.13 or newer, or keep records as files: files:records.',
    });
  }
  try {
    return { store: new SqlKeyv(engine, path), place: path };
  } catch (cause) {
    if (/readonly|read-only|unable to open/i.test(messageOf(cause))) {
      throw new Problem('store-read-only', `Cannot open the records at ${path}: ${messageOf(cause)}.`, { cause });
    }
    throw new Problem('records-unusable', `The records at ${path} cannot be opened: ${messageOf(cause)}.`, {
      hint: 'Move that file away to start with no records; blobs are kept and found again.',
      cause,
    });
  }
}

async function openServer(name: '@keyv/redis' | '@keyv/postgres', url: string): Promise<KeyvStoreAdapter> {
  let module: { default: new (url: string) => KeyvStoreAdapter };
  try {
    module = (await import(name)) as typeof module;
  } catch (cause) {
    throw new Problem('package-missing', `Records at ${withoutPassword(url)} need the package ${name}.`, {
      hint: `Run npm install ${name}`,
      cause,
    });
  }
  return new module.default(url);
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}

function resolveIn(root: string, path: string): string {
  try {
    mkdirSync(root, { recursive: true });
  } catch (cause) {
    throw fileProblem(cause, root);
  }
  return isAbsolute(path) ? path : join(root, path);
}
