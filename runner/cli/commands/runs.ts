import { openStoreOnly } from '../../project/session.ts';
import { countsOf } from '../../log/state.ts';
import { paint, type Paint } from '../../views/paint.ts';
import { duration, localTime } from '../../words/quantities.ts';
import { inStore } from '../../views/suggest.ts';
import { table } from '../../views/table.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { KnownRun } from '../runs/find-run.ts';
import { knownRuns } from '../runs/known-runs.ts';
import type { Io } from '../../views/io.ts';
import { storeOptions } from '../common/session-options.ts';

export async function runs(io: Io): Promise<number> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    const all = [...knownRuns(store)].reverse();
    const colors = paint(io.stdout.hasColor);
    if (all.length === 0) io.print(`There are no runs yet. Start one: pipeline run NAME${inStore(io.storeFolder)}`);
    else {
      const heads = ['run', 'pipeline', 'started', 'status', 'ran', 'cached', 'failed', 'skipped', 'time'].map(
        colors.dim,
      );
      for (const line of table([heads, ...all.map((run) => row(run, colors, Date.now()))])) io.print(line);
    }
    return exitCodes.fine;
  } finally {
    await store.close();
  }
}

function row({ run, state, outcome }: KnownRun, colors: Paint, now: number): string[] {
  const { done, cached, failed, skipped } = countsOf(state);
  const color = {
    succeeded: colors.green,
    failed: colors.red,
    running: colors.cyan,
    cancelled: colors.yellow,
    interrupted: colors.yellow,
    left: colors.cyan,
  }[outcome];
  const end = state.endedAt ?? (outcome === 'running' ? now : undefined);
  return [
    run,
    state.pipeline || '?',
    state.startedAt === 0 ? '?' : localTime(state.startedAt),
    color(outcome),
    ...[done, cached, failed, skipped].map(String),
    end === undefined ? '?' : duration((end - state.startedAt) / 1000),
  ];
}
