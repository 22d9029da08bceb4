import { Problem } from '../../../cache/problem.ts';
import { listRuns, openLog } from '../../log/run-log.ts';
import { openSession, openStoreOnly } from '../../project/session.ts';
import { drive } from '../common/drive.ts';
import { lockRun } from '../common/driver-lock.ts';
import { exitCodes } from '../common/exit-codes.ts';
import { findRun, type KnownRun, readRequest, readRun } from '../common/find-run.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';
import { refuseUnfit } from './run.ts';
import { storeOptions } from '../common/session-options.ts';

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
  if (outcome === 'running') throw isAlive(found);
  return goOn(io, found, options);
}

export interface GoOnOptions {
  readonly json?: boolean;
  readonly jobs?: number;
  readonly executor?: string;
  /** Do what can be done now, and leave. */
  readonly once?: boolean;
}

/** Drives a run on from where its last driver left it. */
export async function goOn(io: Io, found: KnownRun, options: GoOnOptions): Promise<number> {
  const { run, folder, graph } = found;
  const { name: pipeline, file, overrides, profile, until, executor: before } = readRequest(folder);
  const { json, jobs, executor = before, once } = options;
  const session = await openSession({
    name: file,
    overrides,
    profile,
    ...storeOptions(io),
  });
  try {
    refuseOther(run, graph, session.graph.digest);
    await refuseUnfit(session, { until, executor });
    const lock = await lockRun(session.storeRoot, run, { patient: true, say: io.warn });
    if (!lock) throw isAlive(readRun(session.storeRoot, run));
    const log = openLog(session.storeRoot, run);
    try {
      return await drive(
        session,
        {
          run: log,
          name: pipeline,
          resumed: true,
          json,
          jobs,
          until,
          executor,
          once,
        },
        io,
      );
    } finally {
      log.close();
      lock.release();
    }
  } finally {
    await session.close();
  }
}

function isAlive({ run, state }: KnownRun): Problem {
  return new Problem('run-is-alive', `Run ${run} is still driven by process ${state.pid} on ${state.host}.`, {
    hint: `Watch it with \`pipeline attach ${run}\`, or end that process first.`,
  });
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
