import { listRuns } from '../../log/run-log.ts';
import { openStoreOnly } from '../../project/session.ts';
import type { Io } from '../../views/io.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Options } from '../common/options.ts';
import { storeOptions } from '../common/session-options.ts';
import { goOn } from '../driving/drive.ts';
import { isDriven } from '../driving/driver-lock.ts';
import { findRun, type KnownRun, readRun } from '../runs/find-run.ts';

export async function resume(io: Io, [name]: readonly string[], options: Options): Promise<number> {
  const found = await unfinished(io, name);
  if (!found) {
    io.print('There is nothing to resume: every run has ended.');
    return exitCodes.fine;
  }
  const { run, state, outcome } = found;
  if (outcome === 'succeeded') {
    io.print(`Run ${run} of ${state.pipeline} has succeeded: there is nothing to resume.`);
    return exitCodes.fine;
  }
  if (outcome === 'running') throw isDriven(found);
  return goOn(io, found, options);
}

/** The named run, else the newest that has not ended. A failed run has ended: it is resumed when it is named. */
async function unfinished(io: Io, name: string | undefined): Promise<KnownRun | undefined> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    if (name !== undefined) return readRun(store.root, findRun(store.root, name));
    for (const run of listRuns(store.root).reverse()) {
      const known = readRun(store.root, run);
      if (['interrupted', 'cancelled', 'left'].includes(known.outcome)) return known;
    }
    return undefined;
  } finally {
    await store.close();
  }
}
