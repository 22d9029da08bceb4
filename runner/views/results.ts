import { isTable } from '../../cache/canonical-json.ts';
import { entryNames } from '../files/entry-names.ts';
import { columnsOf, cut, oneLine, pad } from './columns.ts';
import { inStore } from './suggest.ts';
import { quoted } from '../words/quoted.ts';
import type { Paint } from './paint.ts';
import { sizeInWords } from '../../tasks/core/size-in-words.ts';
import { hasFiles, itemsOf, leafOf, namedResults, plainOf } from '../values/results.ts';
import { count } from '../words/quantities.ts';

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
