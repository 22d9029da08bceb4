import { join } from 'node:path';
import { readProgress } from '../../log/progress.ts';
import type { NodeState } from '../../log/state.ts';
import type { OnCluster } from '../../views/cluster-words.ts';
import type { Io } from '../../views/io.ts';
import { oneLine } from '../../views/columns.ts';
import { liveLines } from '../../views/live.ts';
import { paint } from '../../views/paint.ts';
import { withStore } from '../../views/suggest.ts';
import { count } from '../../words/quantities.ts';
import type { KnownRun } from './find-run.ts';

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
    interrupted: `Its driver is gone. Go on with: pipeline resume ${run}`,
    left: `${count(state.left ?? 0, 'job')} ran on when its driver left. Go on with: pipeline attach ${run}`,
    cancelled: `It was stopped. Go on with: pipeline resume ${run}`,
  };
  const hint = hints[outcome];
  const colors = paint(io.stdout.hasColor);
  // Whoever did not watch is told what a person has to know to help.
  const told = state.endedAt === undefined ? state.warnings.slice(-3) : [];
  const warnings = told.map((message) => colors.yellow(`! ${oneLine(message)}`));
  return [`${head} · ${outcome}`, ...rest, ...warnings, ...(hint ? ['', withStore(hint, io.storeFolder)] : [])];
}

function lastTime(nodes: Iterable<NodeState>, start: number): number {
  return Math.max(start, ...[...nodes].flatMap(({ endedAt, startedAt }) => [endedAt ?? startedAt ?? 0]));
}
