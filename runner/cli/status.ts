import { join } from 'node:path';
import type { Outlook } from '../executors/executor.ts';
import { History } from '../history.ts';
import { readProgress } from '../progress.ts';
import { openStoreOnly } from '../session.ts';
import { countsOf, type NodeState } from '../state.ts';
import type { OnCluster } from '../views/cluster-words.ts';
import { liveLines } from '../views/live.ts';
import { count } from '../views/quantities.ts';
import { paint } from '../views/paint.ts';
import { exitCodes } from './exit-codes.ts';
import { findRun, type KnownRun, readRun } from './find-run.ts';
import type { Io } from './io.ts';
import type { Options } from './options.ts';
import { storeOptions } from './session-options.ts';

export async function status(io: Io, [name]: readonly string[], { json }: Options): Promise<number> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    const known = readRun(store.root, findRun(store.root, name));
    const outlooks = await askQueue(known);
    if (json) io.print(statusJson(known, outlooks));
    else {
      const history = new History(store, known.state.pipeline, known.run);
      const onCluster = (address: string): OnCluster => ({
        outlook: outlooks?.get(address),
        expectedSeconds: history.secondsOf(address),
      });
      for (const line of statusLines(known, io, onCluster)) io.print(line);
    }
    return exitCodes.fine;
  } finally {
    await store.close();
  }
}

/** The queue is asked only for a run that has jobs in it. */
async function askQueue({ state }: KnownRun): Promise<ReadonlyMap<string, Outlook> | undefined> {
  if (![...state.nodes.values()].some(({ executor }) => executor === 'slurm')) return undefined;
  const { outlooksOf } = await import('../executors/slurm/outlook.ts');
  return outlooksOf(state);
}

/** A run as it stands, for people. */
export function statusLines(
  { folder, state, outcome, run }: KnownRun,
  io: Io,
  onCluster?: (address: string) => OnCluster | undefined,
): string[] {
  const paceOf = (address: string) => {
    const job = state.nodes.get(address)?.job;
    return job === undefined ? undefined : readProgress(join(folder, job));
  };
  const columns = io.stdout.isLive ? io.stdout.size().columns : Number.POSITIVE_INFINITY;
  const lines = liveLines(state, {
    now: outcome === 'interrupted' ? (state.endedAt ?? lastTime(state.nodes.values(), state.startedAt)) : Date.now(),
    tick: 0,
    note: '',
    columns,
    rows: Number.POSITIVE_INFINITY,
    paint: paint(io.stdout.hasColor),
    paceOf,
    onCluster,
  });
  const [head = '', ...rest] = lines;
  const hints: Partial<Record<typeof outcome, string>> = {
    interrupted: `Its driver is gone. Go on with: pipeline attach ${run}`,
    left: `${count(state.left ?? 0, 'job')} ran on when its driver left. Go on with: pipeline attach ${run}`,
    cancelled: `It was stopped. Go on with: pipeline resume ${run}`,
  };
  const hint = hints[outcome];
  return [`${head} · ${outcome}`, ...rest, ...(hint ? ['', hint] : [])];
}

function statusJson({ run, state, outcome }: KnownRun, outlooks: ReadonlyMap<string, Outlook> | undefined): string {
  const nodes = [...state.nodes.values()].map(
    ({ address, label, task, phase, attempt, reason, seconds, failure, because, executor, id, host, costs }) => {
      const queue = outlooks?.get(address);
      const job = { executor, id, host, costs, queue };
      return { address, label, task, state: phase, attempt, reason, seconds, failure, because, ...job };
    },
  );
  const { pipeline, params, host, pid, startedAt, endedAt, warnings, results } = state;
  return JSON.stringify({
    run,
    pipeline,
    status: outcome,
    counts: countsOf(state),
    params,
    host,
    pid,
    startedAt: new Date(startedAt).toISOString(),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt).toISOString() }),
    nodes,
    warnings,
    results,
  });
}

function lastTime(nodes: Iterable<NodeState>, start: number): number {
  return Math.max(start, ...[...nodes].flatMap(({ endedAt, startedAt }) => [endedAt ?? startedAt ?? 0]));
}
