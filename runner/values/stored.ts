import { canonicalJson, isTable, type Json } from '../../cache/canonical-json.ts';
import { isArtifact } from '../../tasks/core/artifact.ts';
import { isPromised } from '../../tasks/core/endpoint.ts';
import { type HeldArtifact, mapPlain } from './leaves.ts';
import type { Output } from './output.ts';

interface StoredLeaf {
  readonly $artifact: { readonly kind: string; readonly digest: string; readonly size: number; readonly meta: Json };
}

/**
 * A value as records and logs keep it: artifacts become `{"$artifact": …}` leaves. A field of the value that is called as
 * ours are has one `$` more there.
 */
export function toStored(value: unknown): Json {
  if (isArtifact(value)) {
    const { kind, digest, meta } = value;
    return { $artifact: { kind, digest, size: (value as HeldArtifact).size ?? 0, meta: plain(meta) } };
  }
  if (isPromised(value)) return { $service: value.fingerprint };
  return mapPlain(value, toStored, storedKey);
}

function plain(value: unknown): Json {
  return mapPlain(value, plain);
}

/** A value as it comes back from a record: what is fresh and what is cached must not differ, not even in the order of keys. */
export function asStored(value: unknown): unknown {
  return fromStored(JSON.parse(canonicalJson(toStored(value))) as Json);
}

export function fromStored(json: Json): unknown {
  if (isStoredLeaf(json)) return { ...json.$artifact, path: '' } satisfies HeldArtifact;
  return mapPlain(json, (inner) => fromStored(inner as Json), plainKey);
}

export function storedOutput(output: Output): Json {
  if ('value' in output) return toStored(output.value);
  return { $stream: output.items.map(({ key, value }) => ({ key, value: toStored(value) })) };
}

export function outputFrom(json: Json): Output {
  const stream = isStoredStream(json) ? json.$stream : undefined;
  if (!stream) return { value: fromStored(json) };
  return { items: stream.map(({ key, value }) => ({ key, value: fromStored(value) })) };
}

const ourKey = /^\$+(?:artifact|service|stream)$/;

/** A field's name as it stands in what is stored, where names of ours stand too. */
export function storedKey(key: string): string {
  return ourKey.test(key) ? `$${key}` : key;
}

/** The other way. */
export function plainKey(key: string): string {
  return key.startsWith('$$') && ourKey.test(key) ? key.slice(1) : key;
}

function isStoredLeaf(json: unknown): json is StoredLeaf {
  return isTable(json) && isTable(json.$artifact);
}

function isStoredStream(json: unknown): json is { $stream: { key: string; value: Json }[] } {
  return isTable(json) && Array.isArray(json.$stream);
}
