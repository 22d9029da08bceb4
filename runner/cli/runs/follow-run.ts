import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EventTail } from '../../log/event-tail.ts';
import type { QueueStatus } from '../../executors/executor.ts';
import { readProgress } from '../../log/progress.ts';
import { apply, newState } from '../../log/state.ts';
import type { OnCluster } from '../../views/cluster-words.ts';
import { jsonView } from '../../views/json.ts';
import { plainView } from '../../views/plain.ts';
import { terminalView } from '../../views/terminal.ts';
import { exitCodes } from '../common/exit-codes.ts';
import { type KnownRun, readRun } from './find-run.ts';
import type { Site } from '../../site/site.ts';
import { listenForInterrupts } from '../common/interrupts.ts';
import type { Io } from '../../views/io.ts';
import { queueStatuses } from './queue-statuses.ts';
import { statusLines } from './status-lines.ts';

/** How often the queue is asked for what a terminal shows, in milliseconds. */
const askQueueMs = 10_000;
/** How often the log of the run is looked at, in milliseconds. */
const lookMs = 300;

/** A run that another process drives, as it goes on. Ctrl-C ends the watching, not the run. */
export async function followRun(
  io: Io,
  known: KnownRun,
  { json = false, site }: { json?: boolean | undefined; site: Site },
): Promise<number> {
  const root = join(known.folder, '..', '..');
  const tail = new EventTail(known.folder);
  let state = newState();
  const paceOf = (address: string) => {
    const job = state.nodes.get(address)?.job;
    return job === undefined ? undefined : readProgress(join(known.folder, job));
  };
  let statuses: ReadonlyMap<string, QueueStatus> | undefined;
  const onCluster = (address: string): OnCluster => ({
    queueStatus: statuses?.get(address),
    expectedSeconds: undefined,
  });
  const live = !json && io.stdout.isLive ? terminalView(io.stdout, paceOf, onCluster) : undefined;
  const view = live ?? (json ? jsonView(io) : plainView(io, paceOf));
  const interrupts = listenForInterrupts(() => {});
  const ask = setInterval(() => {
    if (live) void queueStatuses(state, { site, storeRoot: root }).then((answer) => (statuses = answer ?? statuses));
  }, askQueueMs);
  let outcome = known.outcome;
  try {
    for (;;) {
      for (const event of tail.take()) {
        state = apply(state, event);
        view.onEvent(event, state);
      }
      if (interrupts.signal.aborted || outcome !== 'running') break;
      await delay(lookMs, undefined, { signal: interrupts.signal }).catch(() => {}); // told to stop
      if (tail.isQuiet || state.status !== 'running' || state.left !== undefined)
        outcome = readRun(root, known.run).outcome;
    }
  } finally {
    clearInterval(ask);
    interrupts.dispose();
  }
  const ended = readRun(root, known.run);
  view.close(
    json
      ? []
      : interrupts.signal.aborted
        ? [`Run ${known.run} goes on without being watched.`]
        : statusLines(ended, io),
  );
  if (interrupts.signal.aborted) return exitCodes.interrupted;
  return ended.outcome === 'succeeded' ? exitCodes.fine : exitCodes.nodeFailed;
}
