import { Problem } from '../../cache/problem.ts';
import { listRuns, openLog } from '../run-log.ts';
import { openSession, openStoreOnly } from '../session.ts';
import { drive } from './drive.ts';
import { exitCodes } from './exit-codes.ts';
import { findRun, type KnownRun, readRequest, readRun } from './find-run.ts';
import type { Io } from './io.ts';
import type { Options } from './options.ts';
import { refuseUnfit } from './run.ts';
import { storeOptions } from './session-options.ts';

export async function resume(io: Io, [name]: readonly string[], options: Options): Promise<number> {
  const found = await unfinished(io, name);
  if (!found) {
    io.print('There is nothing to resume: every run has ended.');
    return exitCodes.fine;
  }
  const { run, state, outcome, folder, graph } = found;
  if (outcome === 'succeeded') {
    io.print(`Run ${run} of ${state.pipeline} has succeeded: there is nothing to resume.`);
    return exitCodes.fine;
  }
  if (outcome === 'running') {
    throw new Problem('run-is-alive', `Run ${run} is still driven by process ${state.pid} on ${state.host}.`, {
      hint: `Watch it with \`pipeline status ${run}\`, or end that process first.`,
    });
  }

  const { name: pipeline, file, overrides, profile, until } = readRequest(folder);
  const session = await openSession({
    name: file,
    overrides,
    ...(profile === undefined ? {} : { profile }),
    ...storeOptions(io),
  });
  try {
    refuseOther(run, graph, session.graph.digest);
    await refuseUnfit(session, until);
    const log = openLog(session.storeRoot, run);
    try {
      const { json, jobs } = options as { json?: boolean; jobs?: number };
      return await drive(
        session,
        {
          run: log,
          name: pipeline,
          resumed: true,
          ...(json === undefined ? {} : { json }),
          ...(jobs === undefined ? {} : { jobs }),
          ...(until === undefined ? {} : { until }),
        },
        io,
      );
    } finally {
      log.close();
    }
  } finally {
    await session.close();
  }
}

/** The named run, else the newest that has not ended. A failed run has ended: it is resumed when it is named. */
async function unfinished(io: Io, name: string | undefined): Promise<KnownRun | undefined> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    if (name !== undefined) return readRun(store.root, findRun(store.root, name));
    for (const run of listRuns(store.root).reverse()) {
      const known = readRun(store.root, run);
      if (known.outcome === 'interrupted' || known.outcome === 'cancelled') return known;
    }
    return undefined;
  } finally {
    await store.close();
  }
}

function refuseOther(run: string, before: string | undefined, now: string): void {
  if (before === undefined || before === now) return;
  throw new Problem(
    'graph-differs',
    `The pipeline has another graph than run ${run} had.\nthen  ${before}\nnow   ${now}`,
    {
      hint: 'Start a new run with `pipeline run`; what has not changed is taken from the store.',
    },
  );
}
