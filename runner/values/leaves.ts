import type { Json } from '../../cache/canonical-json.ts';
import { type Artifact, isArtifact } from '../../tasks/core/artifact.ts';
import { isPromised, type PromisedEndpoint } from '../../tasks/core/endpoint.ts';

/** An artifact as the driver holds it: it has no path until a job gets one. */
export interface HeldArtifact extends Artifact<string, unknown> {
  readonly size: number;
}

/** Copies a value with every artifact replaced; `where` is its place, such as `rows.3.policy`, and `keys` lead to it. */
export function mapArtifacts<T>(
  value: T,
  replace: (artifact: HeldArtifact, where: string, keys: readonly string[]) => unknown,
): T {
  return mapLeaves(value, (leaf, keys) =>
    isArtifact(leaf) ? replace(leaf as unknown as HeldArtifact, keys.join('.'), keys) : leaf,
  ) as T;
}

/** Both at once: artifacts replaced, and an address for every service of the graph. */
export function mapOutside<T>(
  value: T,
  replace: (artifact: HeldArtifact, where: string) => unknown,
  urlOf: (where: string) => string,
): T {
  return mapLeaves(value, (leaf, keys) => {
    if (isArtifact(leaf)) return replace(leaf as unknown as HeldArtifact, keys.join('.'));
    return isPromised(leaf) ? { url: urlOf(keys.join('.')) } : leaf;
  }) as T;
}

/** Copies a value with an address for every service of the graph; `where` is its place in the value. */
export function withUrls<T>(value: T, urlOf: (service: PromisedEndpoint, where: string) => string): T {
  return mapLeaves(value, (leaf, keys) => (isPromised(leaf) ? { url: urlOf(leaf, keys.join('.')) } : leaf)) as T;
}

/** The services of the graph that a value holds, each once. */
export function servicesIn(value: unknown): string[] {
  const found = new Set<string>();
  mapLeaves(value, (leaf) => isPromised(leaf) && found.add(leaf.address));
  return [...found];
}

/** Copies a value with all of its leaves replaced: artifacts and services are leaves too. */
function mapLeaves(
  value: unknown,
  replace: (leaf: unknown, keys: readonly string[]) => unknown,
  keys: readonly string[] = [],
): unknown {
  if (typeof value !== 'object' || value === null || isArtifact(value) || isPromised(value))
    return replace(value, keys);
  if (Array.isArray(value)) return value.map((inner, i) => mapLeaves(inner, replace, [...keys, String(i)]));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, mapLeaves(inner, replace, [...keys, key])]),
  );
}

/** Copies plain data, without fields that are undefined; its keys as `keyOf` has them. There is one zero, as in JSON. */
export function mapPlain(
  value: unknown,
  inner: (value: unknown) => unknown,
  keyOf: (key: string) => string = (key) => key,
): Json {
  if (Array.isArray(value)) return value.map(inner) as Json;
  if (value === 0) return 0;
  if (typeof value !== 'object' || value === null) return value as Json;
  const present = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(present.map(([key, field]) => [keyOf(key), inner(field)])) as Json;
}
