import { isTable } from '../../cache/canonical-json.ts';
import { plainKey } from './stored.ts';

/** An artifact as events and records hold it. */
export interface StoredLeaf {
  readonly kind: string;
  readonly digest: string;
  readonly size: number;
}

export function leafOf(value: unknown): StoredLeaf | undefined {
  return isTable(value) && isTable(value.$artifact) ? (value.$artifact as unknown as StoredLeaf) : undefined;
}

export function itemsOf(value: unknown): readonly { readonly key: string; readonly value: unknown }[] | undefined {
  return isTable(value) && Array.isArray(value.$stream) ? value.$stream : undefined;
}

/** Whether a value holds files at any depth. */
export function hasFiles(value: unknown): boolean {
  if (leafOf(value)) return true;
  if (Array.isArray(value)) return value.some(hasFiles);
  return isTable(value) && Object.values(value).some(hasFiles);
}

/** The fields of a value as it was before it was stored. */
export function fieldsOf(value: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(value).map(([key, inner]) => [plainKey(key), inner]);
}

/** A stored value that holds no files, as it was; a stream of plain values is a list of them. */
export function plainOf(value: unknown): unknown {
  const items = itemsOf(value);
  if (items) return items.map((item) => plainOf(item.value));
  if (Array.isArray(value)) return value.map(plainOf);
  if (!isTable(value)) return value;
  return Object.fromEntries(fieldsOf(value).map(([key, inner]) => [key, plainOf(inner)]));
}

/** The results of a run by name. In a sweep, and wherever results are grouped, a name has dots: `seed=1.report`. */
export function namedResults(results: unknown, prefix = ''): { name: string; value: unknown }[] {
  if (!isTable(results)) return [{ name: prefix || 'result', value: results }];
  return fieldsOf(results).flatMap(([key, value]) => {
    const name = prefix ? `${prefix}.${key}` : key;
    const isGroup =
      isTable(value) &&
      !leafOf(value) &&
      !itemsOf(value) &&
      Object.values(value).some((inner) => leafOf(inner) ?? itemsOf(inner));
    return isGroup ? namedResults(value, name) : [{ name, value }];
  });
}
