import { isTable } from '../../cache/canonical-json.ts';
import { entryNames } from '../files/entry-names.ts';
import { columnsOf, cut, oneLine, pad } from './columns.ts';
import { inStore } from './suggest.ts';
import { quoted } from '../words/quoted.ts';
import type { Paint } from './paint.ts';
import { sizeInWords } from '../../tasks/core/size-in-words.ts';
import { plainKey } from '../values/stored.ts';
import { count } from '../words/quantities.ts';

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

/** What a result is, in a few words. */
export function describeResult(value: unknown): string {
  const leaf = leafOf(value);
  if (leaf) return `${leaf.kind}, ${sizeInWords(leaf.size)}`;
  const items = itemsOf(value)?.map((item) => item.value) ?? (Array.isArray(value) ? value : undefined);
  if (items) {
    const kind = leafOf(items[0])?.kind;
    return kind ? `${items.length} x ${kind}` : count(items.length, 'item');
  }
  const text = JSON.stringify(plainOf(value)) ?? '';
  return text.length <= 40 ? text : isTable(value) ? 'values' : cut(text, 40);
}

/** Where each of some results goes when nobody says it better; no two go to one place. */
export function defaultPaths(named: readonly { readonly name: string; readonly value: unknown }[]): string[] {
  const parts = named.map(({ name, value }) => ({
    name,
    words: name.replace(/[^\p{L}\p{M}\p{N}_.=-]+/gu, '-'),
    end: endOf(value),
  }));
  const places = entryNames(parts.map(({ words, end }) => ({ name: words, end })));
  // What was replaced may have been all that told two apart: then the whole names tell.
  const twice = new Set(places.filter((place, i) => places.indexOf(place) !== i));
  const whole = entryNames(parts);
  return places.map((place, i) => (twice.has(place) ? (whole[i] as string) : place));
}

function endOf(value: unknown): string {
  const leaf = leafOf(value);
  if (leaf?.kind === 'html-page') return '.html';
  if (leaf?.kind === 'episode-list') return '.txt';
  return hasFiles(value) ? '' : '.json';
}

/** One line a result: its name, what it is, and the command that takes it out. `store` names the folder, unless it is the usual one. */
export function resultLines(pipeline: string, results: unknown, paint: Paint, store?: string): string[] {
  const named = namedResults(results);
  const nameColumns = Math.max(0, ...named.map(({ name }) => columnsOf(name)));
  const whatColumns = Math.max(0, ...named.map(({ value }) => columnsOf(oneLine(describeResult(value)))));
  const paths = defaultPaths(named);
  return named.map(({ name, value }, i) => {
    const what = pad(oneLine(describeResult(value)), whatColumns);
    const command = `pipeline get ${quoted(pipeline)} ${quoted(name)} --to ${quoted(paths[i] as string)}${inStore(store)}`;
    return `  ${pad(name, nameColumns)}  ${paint.dim(what)}  ${command}`;
  });
}
