import { messageOf } from '../../../cache/problem.ts';
import type { Store } from '../../../cache/store.ts';
import { listRuns } from '../../log/run-log.ts';
import { type KnownRun, readRun } from './find-run.ts';

/** All runs, the newest first. One that cannot be read is named in a warning, and stands in nobody's way. */
export function* knownRuns(store: Pick<Store, 'root' | 'warn'>): Generator<KnownRun> {
  for (const number of listRuns(store.root).reverse()) {
    const run = readable(store, number);
    if (run) yield run;
  }
}

function readable(store: Pick<Store, 'root' | 'warn'>, run: string): KnownRun | undefined {
  try {
    return readRun(store.root, run);
  } catch (error) {
    store.warn(`Run ${run} cannot be read, and is left out: ${messageOf(error)}`);
    return undefined;
  }
}
