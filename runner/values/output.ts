import { compareNatural } from '../../tasks/core/stream.ts';

/** One element of a list, under a key that stays its own whatever else the list holds. */
export interface Item {
  readonly key: string;
  readonly value: unknown;
}

/** What an output is once it exists: a value, or the items of a stream. */
export type Output = { readonly value: unknown } | { readonly items: readonly Item[] };

/** What a ref to an output stands for; of a stream, the list of its items' values. */
export function valueOf(output: Output | undefined): unknown {
  if (!output) return undefined;
  if ('value' in output) return output.value;
  return [...output.items].map(({ value }) => value);
}

/** The part of a value that a path of keys leads to; undefined where it leads nowhere. */
export function walk(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

export function sortedItems(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => compareNatural(a.key, b.key));
}
