import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
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
import { openLog, readEvents, type RunLog } from '../../log/run-log.ts';
import { taskOf } from '../../keys/service-task.ts';
import { openSession, type Session } from '../../project/session.ts';
import { apply, newState, type RunState, stateOf } from '../../log/state.ts';
import type { OnCluster } from '../../views/cluster-words.ts';
import type { Pace } from '../../views/node-row.ts';
import { PaceTracker } from '../../views/pace-tracker.ts';
import { plainView } from '../../views/plain.ts';
import { quoted } from '../../words/quoted.ts';
import type { RunView } from '../../views/run-view.ts';
import { exitCodes } from '../common/exit-codes.ts';
import { listenForInterrupts } from '../common/interrupts.ts';
import type { Io } from '../../views/io.ts';
import { storeOptions } from '../common/session-options.ts';
import type { KnownRun } from '../runs/find-run.ts';
import { closeView } from './close-view.ts';
import { isDriven, lockRun, ownLog } from './driver-lock.ts';
import { refuseUnfit } from './refuse-unfit.ts';

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
  /** Tell at the end which files of the project jobs read that nothing declares. */
  readonly watchReads?: boolean;
  /** Do what can be done now, and leave. */
  readonly once?: boolean;
}

/** Drives a run to its end before the eyes of whoever watches. Returns the exit code. */
export async function drive(given: Session, options: DriveOptions, io: Io): Promise<number> {
  const { run, json = false, watchReads = false } = options;
  const readsHook = watchReads ? (await import('../../job/reads-hook.ts')).makeReadsHook(run.folder) : undefined;
  const session = { ...given, code: { ...given.code, readsHook } };
  let state = options.resumed ? stateOf(readEvents(run.folder)) : newState();
  const paceOf = paces(run.folder, () => state);
  const history = new History(session.store, session.pipelineName, run.run);
  let outlookOf: (address: string) => QueueStatus | undefined = () => undefined;
  const onCluster = (address: string): OnCluster => ({
    queueStatus: outlookOf(address),
    expectedSeconds: history.secondsOf(address),
  });
  const view = await viewOf({ json, paceOf, onCluster }, io);
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
    refuseGone(session);
    await closeView(session, options, state, view, io);
    if (readsHook !== undefined) await sayReads(session, { hook: readsHook, state }, io);
  } catch (error) {
    view.close([]);
    refuseGone(session, error);
    throw error;
  } finally {
    interrupts.dispose();
    io.leadWarnings(undefined);
  }
  if (state.left !== undefined) return options.once ? exitCodes.fine : exitCodes.interrupted;
  if (state.status === 'succeeded') return exitCodes.fine;
  return state.status === 'cancelled' ? exitCodes.interrupted : exitCodes.nodeFailed;
}

export interface GoOnOptions {
  readonly json?: boolean;
  readonly jobs?: number;
  readonly executor?: string;
  /** Do what can be done now, and leave. */
  readonly once?: boolean;
}

/** Drives a run on from where its last driver left it. */
export async function goOn(io: Io, left: KnownRun, options: GoOnOptions): Promise<number> {
  const { run, folder, graph } = left;
  const { readRequest, readRun } = await import('../runs/find-run.ts');
  const { name: pipeline, file, overrides, profile, until, executor: before } = readRequest(folder);
  const { json, jobs, executor = before, once } = options;
  const session = await openSession({
    name: file,
    overrides,
    profile,
    ...storeOptions(io),
  });
  try {
    refuseOther(run, graph, {
      now: session.graph.digest,
      request: [pipeline, ...overrides, ...(profile === undefined ? [] : ['--profile', profile])],
    });
    await refuseUnfit(session, { until, executor });
    const lock = await lockRun(session.storeRoot, run, { patient: true, say: io.warn });
    if (!lock) throw isDriven(readRun(session.storeRoot, run));
    const log = ownLog(openLog(session.storeRoot, run), lock);
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

/** A folder of its name may be there again: jobs make what they write to. */
function refuseGone({ storeRoot }: Session, cause?: unknown): void {
  if (existsSync(join(storeRoot, 'stet-store.json'))) return;
  throw new Problem('store-gone', `The store ${storeRoot} was removed while a run worked in it.`, {
    hint: 'Start the run again: what the store held is gone with it.',
    cause,
  });
}

function refuseOther(
  run: string,
  before: string | undefined,
  { now, request }: { now: string; request: readonly string[] },
): void {
  if (before === undefined || before === now) return;
  throw new Problem(
    'graph-differs',
    `The pipeline has another graph than run ${run} had.\nthen  ${before}\nnow   ${now}`,
    {
      hint: `Start a new run, which takes what has not changed from the store: pipeline run ${request.map(quoted).join(' ')}`,
    },
  );
}

async function sayReads(session: Session, { hook, state }: { hook: string; state: RunState }, io: Io): Promise<void> {
  const { undeclaredReads } = await import('./say-reads.ts');
  for (const line of await undeclaredReads(session, hook, state)) io.warn(line);
}

interface Watching {
  readonly json: boolean;
  readonly paceOf: (address: string) => Pace | undefined;
  readonly onCluster: (address: string) => OnCluster;
}

/** For a program that reads events, a terminal, or a file. */
async function viewOf({ json, paceOf, onCluster }: Watching, io: Io): Promise<RunView> {
  if (json) return (await import('../../views/json.ts')).jsonView(io);
  if (!io.stdout.isLive) return plainView(io, paceOf);
  const { terminalView } = await import('../../views/terminal.ts');
  const live = terminalView(io.stdout, paceOf, onCluster);
  io.leadWarnings(live.warn); // a line between two redraws would be overwritten
  return live;
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
