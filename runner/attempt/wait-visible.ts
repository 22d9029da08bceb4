import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A folder that a job wrote to. */
export interface WrittenFolder {
  /** Absolute. */
  readonly folder: string;
  /** Must be there. */
  readonly names: readonly string[];
  /** What its host counted: `all` of it, the folder itself included, or the `outputs` in it, which are called `out.NAME`. */
  readonly counted: 'all' | 'outputs';
}

/**
 * Waits until what a job wrote on another host is to be seen here: network file systems show it late. `entries` is how many
 * files and folders its host counted; undefined when it did not. Gives up after `seconds` without a word, because what is missing
 * then is told by whoever looks for it.
 *
 * One listing for each folder: a listing says more than asking for each file, and costs as little.
 */
export async function awaitVisible(
  folders: readonly WrittenFolder[],
  entries: number | undefined,
  seconds: number,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (let pauseMs = 50; ; pauseMs = Math.min(2000, pauseMs * 2)) {
    if (await isAllThere(folders, entries)) return;
    if (performance.now() > end) return;
    await delay(pauseMs);
  }
}

async function isAllThere(folders: readonly WrittenFolder[], entries = 0): Promise<boolean> {
  let count = 0;
  for (const { folder, names, counted } of folders) {
    const found = await list(folder);
    if (!found) return false;
    const present = new Set(found.map(({ name }) => name));
    if (!names.every((name) => present.has(name))) return false;
    if (entries === 0) continue;
    const outputs = counted === 'all' ? found : found.filter(({ name }) => name.startsWith('out.'));
    count += (counted === 'all' ? 1 : 0) + (await countOf(folder, outputs));
  }
  return count >= entries;
}

async function countOf(folder: string, entries: readonly Dirent[]): Promise<number> {
  let count = entries.length;
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const inside = join(folder, entry.name);
    count += await countOf(inside, (await list(inside)) ?? []);
  }
  return count;
}

/** Undefined when it is not to be seen. */
async function list(folder: string): Promise<Dirent[] | undefined> {
  return readdir(folder, { withFileTypes: true }).catch(() => undefined);
}
