import { openStoreOnly } from '../../project/session.ts';
import type { Io } from '../../views/io.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Options } from '../common/options.ts';
import { storeOptions } from '../common/session-options.ts';
import { goOn } from '../driving/drive.ts';
import { isDriven } from '../driving/driver-lock.ts';
import { findRun, type KnownRun, readRun } from '../runs/find-run.ts';
import { knownRuns } from '../runs/known-runs.ts';

export async function resume(io: Io, [name]: readonly string[], options: Options): Promise<number> {
  const chosen = await unfinished(io, name);
  if (!chosen) {
    io.print('There is nothing to resume: every run has ended.');
    return exitCodes.fine;
  }
  const { run, state, outcome } = chosen;
  if (outcome === 'succeeded') {
    io.print(`Run ${run} of ${state.pipeline} has succeeded: there is nothing to resume.`);
    return exitCodes.fine;
  }
  if (outcome === 'running') throw isDriven(chosen);
  return goOn(io, chosen, options);
}

/** The named run, else the newest that has not ended. A failed run has ended: it is resumed when it is named. */
async function unfinished(io: Io, name: string | undefined): Promise<KnownRun | undefined> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    if (name !== undefined) return readRun(store.root, findRun(store.root, name));
    for (const run of knownRuns(store)) {
      if (['interrupted', 'cancelled', 'left'].includes(run.outcome)) return run;
    }
    return undefined;
  } finally {
    await store.close();
  }
}
