import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What a job left, as its own host saw it. */
export interface Expected {
  /** Absolute; each must be there. */
  readonly paths: readonly string[];
  /** Files and folders below `folders`, these included; undefined when nobody counted. */
  readonly entries?: number | undefined;
  readonly folders: readonly string[];
}

/**
 * Waits until what a job wrote on another host is to be seen here: network file systems show it late. Gives up after
 * `seconds` without a word, because what is missing then is told by whoever looks for it.
 */
export async function awaitVisible({ paths, entries, folders }: Expected, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (let pauseMs = 50; ; pauseMs = Math.min(2000, pauseMs * 2)) {
    const isThere = paths.every((path) => existsSync(path));
    if (isThere && (entries === undefined || (await countIn(folders)) >= entries)) return;
    if (performance.now() > end) return;
    await delay(pauseMs);
  }
}

async function countIn(folders: readonly string[]): Promise<number> {
  let count = 0;
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    count += 1;
    const inside = await readdir(folder, { withFileTypes: true }).catch(() => []); // a file
    const nested = inside.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
    count += inside.length - nested.length + (await countIn(nested));
  }
  return count;
}
