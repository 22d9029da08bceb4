import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isDigest } from '../../cache/digest.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import { type CallSite, callSite } from './call-site.ts';

const kindKey = Symbol.for('stet.kind');

/** Files of a known kind, in the store. `path` is where this job may read them: a file or a folder. */
export interface Artifact<Kind extends string, Meta> {
  readonly kind: Kind;
  /** `sha256:` and 64 hex digits, of the manifest of the files. */
  readonly digest: string;
  readonly path: string;
  readonly meta: Meta;
}

/** What the framework needs to know of a kind, found again through `kindOf`. */
export interface Kind {
  readonly name: string;
  readonly meta: z.ZodType;
  readonly inspect: (path: string) => Promise<unknown>;
  readonly hold: 'copy' | 'adopt';
  readonly files: ((path: string) => Promise<readonly string[]>) | undefined;
  readonly site: CallSite;
}

/**
 * Declares a kind of files. The result is a zod type, so kinds nest in arrays and objects like any other.
 *
 * `inspect` runs when files enter the store: it validates and describes in one pass, and its result is `meta`. When its code or
 * the type of `meta` changes, stored files are inspected again.
 * With `hold: 'adopt'` files stay where they lie and only a manifest of them is kept: for data too large to copy. `files`
 * then names those that count, relative to the folder; all by default.
 */
export function artifact<const K extends string, S extends z.ZodType>(
  kind: K,
  spec: {
    meta: S;
    inspect: (path: string) => Promise<z.input<S>>;
    hold?: 'copy' | 'adopt';
    files?: (path: string) => Promise<readonly string[]>;
  },
): z.ZodType<Artifact<K, z.output<S>>, Artifact<K, z.output<S>>> {
  const type = z.custom<Artifact<K, z.output<S>>>((value) => isArtifact(value) && value.kind === kind, {
    error: `expected an artifact of kind "${kind}"`,
  });
  const { meta, inspect, hold = 'copy', files } = spec;
  const described: Kind = { name: kind, meta, inspect, hold, files, site: callSite(artifact) };
  return Object.assign(type, { [kindKey]: described });
}

/** The kind behind a zod type, when the type was made by `artifact`. */
export function kindOf(type: unknown): Kind | undefined {
  return (type as { [kindKey]?: Kind } | undefined)?.[kindKey];
}

export function isArtifact(value: unknown): value is Artifact<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  // Asked for first: refs, and what a task call gives, refuse to be asked for what they do not have.
  if (!('kind' in value && 'digest' in value && 'path' in value)) return false;
  const { kind, digest, path } = value as Record<string, unknown>;
  return typeof kind === 'string' && typeof path === 'string' && isDigest(digest);
}

/** Reads a JSON file through a schema; a failure names the file and the field. */
export async function readJson<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Problem('file-unreadable', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Problem('not-json', `${path} is not JSON: ${messageOf(cause)}.`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Problem('wrong-shape', `${path} does not have the expected shape.\n${z.prettifyError(parsed.error)}`);
}
