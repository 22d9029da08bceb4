import { z } from 'zod';
import { canonicalJson, type Json } from '../../cache/canonical-json.ts';
import { Problem } from '../../cache/problem.ts';
import { type Artifact, isArtifact, kindOf } from '../../tasks/core/artifact.ts';
import { isPromised, type PromisedEndpoint } from '../../tasks/core/endpoint.ts';
import { keyOf } from '../../tasks/core/keyed-list.ts';
import { type Shape, type TaskSpec } from '../../tasks/core/spec.ts';
import { compareNatural, streamOf } from '../../tasks/core/stream.ts';
import type { Item, Output } from './output.ts';

/** An artifact as the driver holds it: it has no path until a job gets one. */
export interface HeldArtifact extends Artifact<string, unknown> {
  readonly size: number;
}

interface StoredLeaf {
  readonly $artifact: { readonly kind: string; readonly digest: string; readonly size: number; readonly meta: Json };
}

/** A value as records and logs keep it: artifacts become `{"$artifact": …}` leaves. */
export function toStored(value: unknown): Json {
  if (isArtifact(value)) {
    const { kind, digest, meta } = value;
    return { $artifact: { kind, digest, size: (value as HeldArtifact).size ?? 0, meta: meta as Json } };
  }
  if (isPromised(value)) return { $service: value.fingerprint };
  return mapPlain(value, toStored);
}

/** A value as it comes back from a record: what is fresh and what is cached must not differ, not even in the order of keys. */
export function asStored(value: unknown): unknown {
  return fromStored(JSON.parse(canonicalJson(toStored(value))) as Json);
}

export function fromStored(json: Json): unknown {
  if (isStoredLeaf(json)) return { ...json.$artifact, path: '' } satisfies HeldArtifact;
  return mapPlain(json, (inner) => fromStored(inner as Json));
}

/** A value as recipes see it: of an artifact or a service only what it is, not where it lies nor what is known of it. */
export function forRecipe(value: unknown): Json {
  if (isArtifact(value)) return { $artifact: { kind: value.kind, digest: value.digest } };
  if (isPromised(value)) return { $service: value.fingerprint };
  return mapPlain(value, forRecipe);
}

/** Copies a value with every artifact replaced; `where` is its place, such as `rows.3.policy`. */
export function mapArtifacts<T>(value: T, replace: (artifact: HeldArtifact, where: string) => unknown): T {
  return mapLeaves(value, (leaf, where) =>
    isArtifact(leaf) ? replace(leaf as unknown as HeldArtifact, where) : leaf,
  ) as T;
}

/** Copies a value with an address for every service of the graph; `where` is its place in the value. */
export function withUrls<T>(value: T, urlOf: (service: PromisedEndpoint, where: string) => string): T {
  return mapLeaves(value, (leaf, where) => (isPromised(leaf) ? { url: urlOf(leaf, where) } : leaf)) as T;
}

/** The services of the graph that a value holds, each once. */
export function servicesIn(value: unknown): string[] {
  const found = new Set<string>();
  mapLeaves(value, (leaf) => isPromised(leaf) && found.add(leaf.address));
  return [...found];
}

/** Copies a value with all of its leaves replaced: artifacts and services are leaves too. */
function mapLeaves(value: unknown, replace: (leaf: unknown, where: string) => unknown, where = ''): unknown {
  if (typeof value !== 'object' || value === null || isArtifact(value) || isPromised(value)) {
    return replace(value, where);
  }
  const inside = (key: string): string => (where ? `${where}.${key}` : key);
  if (Array.isArray(value)) return value.map((inner, i) => mapLeaves(inner, replace, inside(String(i))));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapLeaves(inner, replace, inside(key))]));
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

export function sortedItems(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => compareNatural(a.key, b.key));
}

const objects = new WeakMap<Shape, z.ZodObject>();

/** Checks resolved inputs and fills in defaults. Throws `wrong-inputs` with every field that does not fit. */
export function parseInputs(spec: Pick<TaskSpec, 'name' | 'inputs'>, given: unknown): Record<string, unknown> {
  const object = objects.get(spec.inputs) ?? z.object(spec.inputs);
  objects.set(spec.inputs, object);
  const parsed = object.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Problem('wrong-inputs', `${spec.name} got inputs that do not fit:\n${z.prettifyError(parsed.error)}`);
}

/** What an output is declared as, for the recipe: another type makes another task. */
export function describeOutput(type: z.ZodType): string {
  const stream = streamOf(type);
  if (stream) return `stream of ${kindOf(stream.item)?.name ?? 'values'} at ${stream.match}`;
  const key = keyOf(type);
  return kindOf(type)?.name ?? (key === undefined ? 'value' : `list by ${key}`);
}

function mapPlain(value: unknown, inner: (value: unknown) => unknown): Json {
  if (Array.isArray(value)) return value.map(inner) as Json;
  if (typeof value !== 'object' || value === null) return value as Json;
  const present = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(present.map(([key, field]) => [key, inner(field)])) as Json;
}

function isStoredLeaf(json: unknown): json is StoredLeaf {
  return typeof json === 'object' && json !== null && '$artifact' in json;
}

function isStoredStream(json: unknown): json is { $stream: { key: string; value: Json }[] } {
  return typeof json === 'object' && json !== null && '$stream' in json;
}
