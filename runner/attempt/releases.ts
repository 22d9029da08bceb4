import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareNatural, type StreamSpec } from '../../tasks/core/stream.ts';

/** An item that is whole by its rule. */
export interface ReadyItem {
  /** The last path segment, which is the item's key. */
  readonly key: string;
  readonly path: string;
}

/** The items of a stream that are whole by its rule and not in `seen`, in natural order. */
export async function findReleases(folder: string, spec: StreamSpec, seen: ReadonlySet<string>): Promise<ReadyItem[]> {
  const found: ReadyItem[] = [];
  for (const path of await matching(folder, spec.match.split('/'))) {
    const key = path.slice(path.lastIndexOf('/') + 1);
    if (!seen.has(key) && (await spec.ready.isReady(path, folder))) found.push({ key, path });
  }
  return found.sort((a, b) => compareNatural(a.key, b.key));
}

async function matching(folder: string, segments: readonly string[]): Promise<string[]> {
  const [first, ...rest] = segments;
  if (first === undefined) return [folder];
  const { default: picomatch } = await import('picomatch');
  const names = await readdir(folder).catch(() => []); // not made yet, or a file: nothing matches
  const matches = picomatch(first, { dot: first.startsWith('.') });
  const paths = names.filter((name) => matches(name)).map((name) => join(folder, name));
  return (await Promise.all(paths.map((path) => matching(path, rest)))).flat();
}
