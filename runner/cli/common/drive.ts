import { join } from 'node:path';
import type { CoordinateOptions } from '../../drive/coordinate-options.ts';
import { coordinate } from '../../drive/coordinator.ts';
import { openDiagnostics } from '../../log/diagnostics.ts';
import type { Event } from '../../log/events.ts';
import type { QueueStatus } from '../../executors/executor.ts';
import { placeOfDoor } from '../../executors/door.ts';
import { doorNamed, mainExecutor } from '../../site/doors.ts';
import { openExecutors } from '../../site/open-executors.ts';
import { History } from '../../plan/history.ts';
import { readProgress } from '../../log/progress.ts';
import { readEvents, type RunLog } from '../../log/run-log.ts';
import { taskOf } from '../../keys/service-task.ts';
import type { Session } from '../../project/session.ts';
import { apply, emptyState, type NodeState, type RunState, stateOf } from '../../log/state.ts';
import { jsonView } from '../../views/json.ts';
import type { OnCluster } from '../../views/cluster-words.ts';
import type { Pace } from '../../views/node-row.ts';
import { PaceTracker } from '../../views/pace-tracker.ts';
import { paint } from '../../views/paint.ts';
import { plainView } from '../../views/plain.ts';
import type { RunView } from '../../views/run-view.ts';
import { summaryLines } from '../../views/summary.ts';
import { terminalView } from '../../views/terminal.ts';
import { exitCodes } from './exit-codes.ts';
import { listenForInterrupts } from './interrupts.ts';
import type { Io } from '../../views/io.ts';
import { logTail } from './log-tail.ts';
import { writePages } from './pages.ts';
import { shortPath } from './short-path.ts';

export interface DriveOptions {
  readonly run: RunLog;
  /** The pipeline's name or path, as commands take it. */
  readonly name: string;
  readonly resumed: boolean;
  readonly json?: boolean;
  readonly jobs?: number;
  readonly until?: string;
  readonly force?: readonly string[];
  readonly failFast?: boolean;
  readonly executor?: string;
  /** Do what can be done now, and leave. */
  readonly once?: boolean;
}

/** Lines of a failed job's log that are shown. */
const tailLines = 8;

/** Drives a run to its end before the eyes of whoever watches. Returns the exit code. */
export async function drive(session: Session, options: DriveOptions, io: Io): Promise<number> {
  const { run, json = false } = options;
  let state: RunState = options.resumed ? stateOf(readEvents(run.folder)) : emptyState;
  const paceOf = paces(run.folder, () => state);
  const history = new History(session.store, session.pipelineName, run.run);
  let outlookOf: (address: string) => QueueStatus | undefined = () => undefined;
  const onCluster = (address: string): OnCluster => ({
    queueStatus: outlookOf(address),
    expectedSeconds: history.secondsOf(address),
  });
  const live = !json && io.stdout.isLive ? terminalView(io.stdout, paceOf, onCluster) : undefined;
  const view = live ?? (json ? jsonView(io) : plainView(io, paceOf));
  // A line between two redraws would be overwritten.
  if (live) io.leadWarnings(live.warn);
  const main = await doorNamed(session.site, mainExecutor(session.site, options.executor));
  const { executor, jobs } = options;
  const executors = await openExecutors(session, { executor, jobs, withGpus: asksForGpus(session) });
  const interrupts = listenForInterrupts(view.note, { lastingOn: main.left && placeOfDoor(main) });
  try {
    for await (const event of events(
      session,
      { ...options, executors, onQueueStatus: (next) => (outlookOf = next) },
      interrupts,
    )) {
      state = apply(state, event);
      view.onEvent(event, state);
    }
    await finish(session, options, state, view, io);
  } catch (error) {
    view.close([]);
    throw error;
  } finally {
    interrupts.dispose();
    io.leadWarnings(undefined);
  }
  if (state.left !== undefined) return options.once ? exitCodes.fine : exitCodes.interrupted;
  if (state.status === 'succeeded') return exitCodes.fine;
  return state.status === 'cancelled' ? exitCodes.interrupted : exitCodes.nodeFailed;
}

function events(
  session: Session,
  options: DriveOptions & Pick<CoordinateOptions, 'executors' | 'onQueueStatus'>,
  interrupts: { signal: AbortSignal; kill: AbortSignal },
): AsyncGenerator<Event> {
  const { run, resumed, executors, until, force, failFast, once, onQueueStatus } = options;
  return coordinate(session, {
    run,
    resumed,
    executors,
    diagnostics: openDiagnostics(join(run.folder, 'diagnostics.jsonl')),
    signal: interrupts.signal,
    kill: interrupts.kill,
    until,
    force,
    failFast,
    once,
    onQueueStatus,
  });
}

/** Resources may be a function of inputs that do not exist yet; then GPUs are looked for, which costs a moment. */
function asksForGpus({ graph }: Session): boolean {
  return graph.order.some(({ node }) => {
    const spec = taskOf(node);
    if (!spec || !('options' in node)) return false;
    if ((node.options.resources?.gpus ?? 0) > 0) return true;
    try {
      return (spec.resources(node.inputs).gpus ?? 0) > 0;
    } catch {
      return true; // it looked into a ref
    }
  });
}

function paces(folder: string, stateOf: () => RunState): (address: string) => Pace | undefined {
  const tracker = new PaceTracker();
  return (address) => {
    const node = stateOf().nodes.get(address);
    const progress = node?.job === undefined ? undefined : readProgress(join(folder, node.job));
    return node && progress && tracker.pace(address, node.attempt, progress, Date.now());
  };
}

async function finish(
  session: Session,
  { run, name, json }: DriveOptions,
  state: RunState,
  view: RunView,
  io: Io,
): Promise<void> {
  if (state.left !== undefined) {
    view.close(json ? [] : [`Its jobs run on. Go on with: pipeline attach ${run.run}`]);
    return;
  }
  const pages = await writePages(session.store, run.folder, state);
  if (json) {
    view.close([]);
    return;
  }
  const shown = (path: string): string => shortPath(io.cwd, path);
  const failureOf = (node: NodeState) => {
    const log = node.job === undefined ? undefined : join(run.folder, node.job, 'log.txt');
    return { run: run.run, logPath: log && shown(log), logTail: log ? logTail(log, tailLines) : [] };
  };
  const shownPages = Object.fromEntries(Object.entries(pages).map(([result, path]) => [result, shown(path)]));
  view.close(
    summaryLines(state, {
      paint: paint(io.stdout.hasColor),
      columns: io.stdout.isLive ? io.stdout.size().columns : undefined,
      name,
      store: io.storeFolder,
      pages: shownPages,
      failureOf,
    }),
  );
}
