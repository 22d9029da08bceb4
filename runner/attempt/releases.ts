import { readdir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { Problem } from '../../cache/problem.ts';
import { compareNatural, type StreamSpec } from '../../tasks/core/stream.ts';

/** An item that is whole by its rule. */
export interface ReadyItem {
  /** What tells it from all other items. */
  readonly key: string;
  readonly path: string;
  /** Its path below the output's folder. */
  readonly place: string;
}

/**
 * The items of a stream that are whole by its rule and not yet released, in natural order. `released` says by key where the
 * others lay, as far as that is known.
 *
 * Throws `wrong-key` for a name that is no UTF-8 (it could be told neither from others of its kind nor in a log), and
 * `key-twice` for two items that share a key.
 */
export async function findReleases(
  folder: string,
  spec: StreamSpec,
  released: ReadonlyMap<string, string | undefined>,
): Promise<ReadyItem[]> {
  const found: ReadyItem[] = [];
  const places = new Map(released);
  for (const { path, open } of await matching({ path: folder, open: [] }, spec.match.split('/'))) {
    const place = relative(folder, path);
    const key = spec.key === 'name' || open.length === 0 ? basename(path) : open.join('/');
    const other = places.get(key) ?? place;
    if (other !== place) refuseTwice(key, other, place);
    places.set(key, place);
    if (!released.has(key) && (await spec.ready.isReady(path, folder))) found.push({ key, path, place });
  }
  return found.sort((a, b) => compareNatural(a.key, b.key));
}

interface Match {
  readonly path: string;
  /** Its segments that the rule does not spell out: what is the same for all items tells none from another. */
  readonly open: readonly string[];
}

async function matching(at: Match, segments: readonly string[]): Promise<Match[]> {
  const [first, ...rest] = segments;
  if (first === undefined) return [at];
  const { default: picomatch } = await import('picomatch');
  const names = await readdir(at.path).catch(() => []); // not made yet, or a file: nothing matches
  const matches = picomatch(first, { dot: first.startsWith('.') });
  const isOpen = !isSpeltOut(first);
  const found = names
    .filter((name) => matches(name))
    .map((name) => {
      if (name.includes('\uFFFD')) refuseBrokenName(at.path);
      return { path: join(at.path, name), open: isOpen ? [...at.open, name] : at.open };
    });
  return (await Promise.all(found.map((match) => matching(match, rest)))).flat();
}

/** Whether it can match one name only. */
function isSpeltOut(segment: string): boolean {
  return /^[^*?[\]{}()!+@|\\]*$/.test(segment);
}

function refuseBrokenName(folder: string): never {
  throw new Problem('wrong-key', `${folder} has an item whose name is not UTF-8, so it cannot be a key.`, {
    hint: 'Name items in UTF-8.',
  });
}

function refuseTwice(key: string, one: string, other: string): never {
  throw new Problem('key-twice', `Two items of one stream have the key "${key}": ${one} and ${other}.`, {
    hint: "Leave out key: 'name' of the stream, and keys are made of paths.",
  });
}
