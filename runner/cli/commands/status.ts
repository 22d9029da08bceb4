import type { QueueStatus } from '../../executors/executor.ts';
import { countsOf } from '../../log/state.ts';
import { History } from '../../plan/history.ts';
import { openStoreOnly } from '../../project/session.ts';
import type { OnCluster } from '../../views/cluster-words.ts';
import type { Io } from '../../views/io.ts';
import { exitCodes } from '../common/exit-codes.ts';
import { findRun, type KnownRun, readRun } from '../runs/find-run.ts';
import type { Options } from '../common/options.ts';
import { storeOptions } from '../common/session-options.ts';
import { queueStatuses } from '../runs/queue-statuses.ts';
import { statusLines } from '../runs/status-lines.ts';

export async function status(io: Io, [name]: readonly string[], { json }: Options): Promise<number> {
  const { store, site } = await openStoreOnly(storeOptions(io));
  try {
    const known = readRun(store.root, findRun(store.root, name));
    const statuses = await queueStatuses(known.state, { site, storeRoot: store.root });
    if (json) io.print(statusJson(known, statuses));
    else {
      const history = new History(store, known.state.pipeline, known.run);
      const onCluster = (address: string): OnCluster => ({
        queueStatus: statuses?.get(address),
        expectedSeconds: history.secondsOf(address),
      });
      for (const line of statusLines(known, io, onCluster)) io.print(line);
    }
    return exitCodes.fine;
  } finally {
    await store.close();
  }
}

function statusJson({ run, state, outcome }: KnownRun, statuses: ReadonlyMap<string, QueueStatus> | undefined): string {
  const nodes = [...state.nodes.values()].map(
    ({ address, label, task, phase, attempt, reason, seconds, failure, because, accepted, ...at }) => {
      const { executor, id, host, costs } = at;
      const queue = statuses?.get(address);
      const job = { executor, id, host, costs, queue };
      return { address, label, task, state: phase, attempt, reason, seconds, failure, because, accepted, ...job };
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
    endedAt: endedAt === undefined ? undefined : new Date(endedAt).toISOString(),
    nodes,
    warnings,
    results,
  });
}
