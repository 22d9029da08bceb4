import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../cache/problem.ts';
import type { Store } from '../../../cache/store.ts';
import type { RunState } from '../../log/state.ts';
import { leafOf, namedResults } from '../../values/results.ts';
import { defaultPaths } from '../../views/results.ts';

/** Writes every result that is a page into the run's folder, with the run's graph and times in it. Gives paths by result. */
export async function writePages(store: Store, folder: string, state: RunState): Promise<Record<string, string>> {
  const pages: Record<string, string> = {};
  const results = namedResults(state.results).filter(({ value }) => leafOf(value)?.kind === 'html-page');
  const paths = defaultPaths(results);
  for (const [i, { name, value }] of results.entries()) {
    const path = join(folder, paths[i] as string);
    try {
      const { materialise } = await import('./materialise.ts');
      await materialise(store, value, path);
      await fillPage(path, state);
      pages[name] = path;
    } catch (error) {
      // The page is a convenience, and its original is in the store: a full disk must not turn a good run into a failed one.
      store.warn(`The page ${name} could not be written: ${messageOf(error)}`);
    }
  }
  return pages;
}

/** Puts a run's graph and times into a page that has room for them. */
export async function fillPage(path: string, state: RunState): Promise<void> {
  const { addRunSection, hasRoomForRun } = await import('../../drawing/run-section.ts');
  const page = await readFile(path, 'utf8');
  if (hasRoomForRun(page)) await writeFile(path, addRunSection(page, state));
}
