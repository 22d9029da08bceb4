import { Problem } from '../../../cache/problem.ts';
import { openStoreOnly } from '../../project/session.ts';
import { exitCodeOf, exitCodes } from '../common/exit-codes.ts';
import { findRun, type KnownRun, readRun } from '../runs/find-run.ts';
import { knownRuns } from '../runs/known-runs.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';
import { goOn } from '../driving/drive.ts';
import { storeOptions } from '../common/session-options.ts';

/** One pass over runs that nobody drives: takes what has ended, submits what is ready, and leaves. */
export async function tick(io: Io, [name]: readonly string[], options: Options): Promise<number> {
  const { json } = options as { json?: boolean };
  const runs = await undriven(io, name);
  if (runs.length === 0) io.print('There is nothing to do: every run has ended or is driven by somebody.');
  let code: number = exitCodes.fine;
  for (const run of runs) {
    const ended = await goOn(io, run, { once: true, json }).catch((error: unknown) => {
      // Another tick came first, and does what there is to do.
      if (Problem.is(error) && error.code === 'run-is-alive') {
        io.print(error.message);
        return exitCodes.fine;
      }
      if (runs.length === 1 || !Problem.is(error)) throw error;
      io.warn(`Run ${run.run} cannot go on: ${error.message}`); // others can
      return exitCodeOf(error);
    });
    if (ended !== exitCodes.fine) code = ended;
  }
  return code;
}

async function undriven(io: Io, name: string | undefined): Promise<KnownRun[]> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    const runs =
      name === undefined ? [...knownRuns(store)].reverse() : [readRun(store.root, findRun(store.root, name))];
    return runs.filter(({ outcome }) => outcome === 'left' || outcome === 'interrupted');
  } finally {
    await store.close();
  }
}
