import { canonicalJson, isTable, type Json } from './canonical-json.ts';
import { type Digest, digestBytes, isDigest } from './digest.ts';
import type { Recipe } from './recipe.ts';

/** An artifact as records hold it, at any depth of an output: `{"$artifact": {...}}`. */
export interface StoredArtifact {
  kind: string;
  digest: Digest;
  /** Bytes of all its files. */
  size: number;
  meta: Json;
  /** Of a stream's item: where it comes in the order of the stream. */
  key?: string;
}

/** Whether what stands under `$artifact` in JSON of a store is one. */
export function isStoredArtifact(value: unknown): value is StoredArtifact {
  return isTable(value) && typeof value.kind === 'string' && isDigest(value.digest) && Number.isSafeInteger(value.size);
}

/** What a person said: that a result which is there holds for another recipe too. */
export interface Acceptance {
  /** The fingerprint whose result is taken. */
  readonly as: Digest;
  /** The run and the node that gave that result. */
  readonly run: string;
  readonly node: string;
  /** Who said so, and when; ISO 8601, UTC. */
  readonly by: string;
  readonly at: string;
  readonly why?: string;
  /** What differs between the two recipes, in words. */
  readonly differences: readonly string[];
}

/** What a fingerprint gave. */
export interface NodeRecord {
  format: 1;
  fingerprint: Digest;
  recipe: Recipe;
  outputs: Readonly<Record<string, Json>>;
  /** Digests of what the outputs were declared as when they were last checked, by name; absent in older records. */
  types?: Readonly<Record<string, string>>;
  provenance: {
    run: string;
    node: string;
    host: string;
    /** ISO 8601, UTC. */
    startedAt: string;
    finishedAt: string;
    seconds: number;
    attempts: number;
    /** What it held meanwhile, on all nodes together; absent in older records. */
    gpus?: number;
    cpus?: number;
  };
  /** It is the result of another fingerprint, which holds for this one because a person said so. No record is kept with it. */
  accepted?: Acceptance;
}

/** All artifacts in an output, in reading order. */
export function artifactsIn(json: Json): StoredArtifact[] {
  const found: StoredArtifact[] = [];
  collect(json, found);
  return found;
}

function collect(json: Json, found: StoredArtifact[]): void {
  if (typeof json !== 'object' || json === null) return;
  if (Array.isArray(json)) {
    for (const value of json) collect(value, found);
    return;
  }
  const table = json as { readonly [key: string]: Json };
  if (table.$artifact !== undefined) found.push(table.$artifact as unknown as StoredArtifact);
  else for (const value of Object.values(table)) collect(value, found);
}

/**
 * Three lines: the recipe's canonical JSON, whose digest is the fingerprint; the rest; the digest of the rest. So a
 * reader notices any damage by two hashes, and needs no second walk over the values.
 */
export function recordText(record: NodeRecord): string {
  const recipe = canonicalJson(record.recipe);
  if (digestBytes(recipe) !== record.fingerprint) {
    throw new Error(`this is a mistake in the framework: the record of ${record.fingerprint} has another recipe`);
  }
  if (record.accepted) {
    throw new Error(`this is a mistake in the framework: ${record.fingerprint} has no result of its own`);
  }
  const { format, outputs, types, provenance } = record;
  const rest = canonicalJson({ format, outputs, ...(types && { types }), provenance });
  return `${recipe}\n${rest}\n${digestBytes(rest)}`;
}

/** The record in a text, or in words why it is damaged. */
export function parseRecord(fingerprint: string, text: string): NodeRecord | string {
  const first = text.indexOf('\n');
  const second = text.indexOf('\n', first + 1);
  if (first < 0 || second < 0) return 'it is cut off';
  const recipe = text.slice(0, first);
  const rest = text.slice(first + 1, second);
  if (digestBytes(rest) !== text.slice(second + 1)) return 'its outputs do not have their digest';
  if (!isDigest(fingerprint) || digestBytes(recipe) !== fingerprint) return 'its recipe has another fingerprint';
  try {
    const { format, outputs, types, provenance } = JSON.parse(rest) as Omit<NodeRecord, 'fingerprint' | 'recipe'>;
    if (format !== 1) return `its format is ${String(format)}, not 1`;
    if (!isTable(outputs) || !isTable(provenance)) return 'it has no outputs';
    if (!Object.values(outputs).flatMap(artifactsIn).every(isStoredArtifact)) return 'it names files by no digest';
    return { format, fingerprint, recipe: JSON.parse(recipe) as Recipe, outputs, ...(types && { types }), provenance };
  } catch {
    return 'it is not JSON';
  }
}
