import { lstat, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';

const streamKey = Symbol.for('stet.stream');

/** Says when an item of a stream is whole. `item` and `folder` are absolute; `folder` is the output's own path. */
export interface ReadyRule {
  readonly isReady: (item: string, folder: string) => Promise<boolean>;
}

export interface StreamSpec {
  readonly item: z.ZodType;
  /** A glob below the output's folder; each match is one item. */
  readonly match: string;
  readonly ready: ReadyRule;
  /** What is the key of an item: the segments of its path that `match` leaves open, or the last one alone. */
  readonly key: 'path' | 'name';
}

/** Ready as soon as it is there: for programs that write an item aside and rename it into place. */
const atOnce: ReadyRule = { isReady: async () => true };

/**
 * A list whose items are released while the task still runs.
 *
 * Items are files or folders that match `match` below the output's folder (default: every entry whose name does not
 * start with a dot). An item's key is made of the path segments that `match` does not spell out, so that no two have one
 * key: `step-10` below `checkpoints/*`, but `left/0001` where the folder above is open as well. With `key: 'name'` it is
 * the last segment alone, and a program that makes two items of one name is ended. The list is in natural order of its keys.
 *
 * An item is released once `ready` holds, never twice, and keeps its place in the list even when the program deletes it later.
 */
export function stream<S extends z.ZodType>(
  item: S,
  how: { match?: string; ready?: ReadyRule; key?: 'path' | 'name' } = {},
): z.ZodType<z.output<S>[], z.output<S>[]> {
  const { match = '*', ready = atOnce, key = 'path' } = how;
  const spec: StreamSpec = { item, match, ready, key };
  return Object.assign(z.array(item), { [streamKey]: spec }) as unknown as z.ZodType<z.output<S>[], z.output<S>[]>;
}

/** The stream behind a zod type, when the type was made by `stream`. */
export function streamOf(type: unknown): StreamSpec | undefined {
  return (type as { [streamKey]?: StreamSpec } | undefined)?.[streamKey];
}

/** An item is ready once the link (relative to the output's folder) points at it or, in natural order, past it. */
export function followsLink(link: string): ReadyRule {
  return {
    isReady: async (item, folder) => {
      const target = await readlink(join(folder, link)).catch(() => undefined); // no link yet: nothing is whole
      return target !== undefined && compareNatural(basename(item), basename(target)) <= 0;
    },
  };
}

/** An item, a folder, is ready once it holds a file of this name. */
export function hasFile(name: string): ReadyRule {
  return {
    isReady: (item) =>
      lstat(join(item, name)).then(
        (stat) => stat.isFile(),
        () => false, // not there yet
      ),
  };
}

/** Orders names by their numbers: `9` before `10`, `step-2` before `step-10`; ties by code unit, so the order is total. */
export function compareNatural(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const [x, y] = [left[i] as string, right[i] as string];
    const byNumber = /^\d/.test(x) && /^\d/.test(y) ? compareDigits(x, y) : 0;
    if (byNumber !== 0) return byNumber;
    if (!(/^\d/.test(x) && /^\d/.test(y)) && x !== y) return x < y ? -1 : 1;
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}

function compareDigits(x: string, y: string): number {
  const [a, b] = [x.replace(/^0+/, ''), y.replace(/^0+/, '')];
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
