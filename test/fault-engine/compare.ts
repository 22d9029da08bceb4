import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { FileValue, Value } from './reference.ts';

/** What differs between what a run gave, as its last event has it, and what is expected, in words. */
export function differences(results: unknown, expected: Readonly<Record<string, Value>>): string[] {
  const all = (results as { all?: Readonly<Record<string, unknown>> }).all ?? {};
  const names = [...new Set([...Object.keys(all), ...Object.keys(expected)])].sort();
  return names.flatMap((name) => {
    const value = expected[name];
    if (value !== undefined && isSame(all[name], value)) return [];
    return [`${name} is ${shown(all[name])}, expected ${shown(value)}`];
  });
}

function isSame(found: unknown, value: Value): boolean {
  if (typeof value === 'number') return found === value;
  if (isList(value)) {
    const items = itemsOf(found);
    return items !== undefined && items.length === value.length && value.every((one, i) => isSame(items[i], one));
  }
  // The bytes are compared when it is taken out.
  if ('file' in value) return typeof found === 'object' && found !== null && '$artifact' in found;
  return isDeepStrictEqual(found, value);
}

function itemsOf(found: unknown): readonly unknown[] | undefined {
  if (Array.isArray(found)) return found;
  const stream = (found as { $stream?: { value: unknown }[] } | undefined)?.$stream;
  return stream?.map(({ value }) => value);
}

/** The same of what `get` has written. */
export function fileDifferences(path: string, expected: Readonly<Record<string, Value>>): string[] {
  if (!Object.values(expected).some(hasFiles)) {
    const found = JSON.parse(readFileSync(path, 'utf8')) as unknown;
    return isDeepStrictEqual(found, expected) ? [] : [`get wrote ${shown(found)}, expected ${shown(expected)}`];
  }
  return Object.entries(expected).flatMap(([name, value]) => {
    const found = readGot(path, name, value);
    return isDeepStrictEqual(found, value) ? [] : [`get wrote ${name} as ${shown(found)}, expected ${shown(value)}`];
  });
}

function readGot(folder: string, name: string, value: Value): unknown {
  const path = join(folder, hasFiles(value) ? name : `${name}.json`);
  if (!existsSync(path)) return undefined;
  if (lstatSync(path).isDirectory()) {
    return readdirSync(path)
      .sort()
      .map((item): FileValue => ({ file: readFileSync(join(path, item), 'utf8') }));
  }
  const text = readFileSync(path, 'utf8');
  return hasFiles(value) ? { file: text } : (JSON.parse(text) as unknown);
}

function hasFiles(value: Value): boolean {
  if (isList(value)) return value.some(hasFiles);
  return typeof value === 'object' && 'file' in value;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length <= 300 ? text : `${text.slice(0, 300)}… (${text.length} characters)`;
}
