import { duration } from '../../../words/quantities.ts';
import type { EndCause } from '../../executor.ts';
import { type ExitRecord, isDone } from '../script/exit-record.ts';
import { notStarted } from '../script/not-started.ts';
import type { QueueRow } from './queue-text.ts';

/** How far a job is, by the queue's word alone. */
export type Standing =
  | { readonly is: 'waiting' }
  /** It never will start as it is. */
  | { readonly is: 'stuck'; readonly cause: EndCause; readonly detail: string }
  | { readonly is: 'running' }
  /** Its processes are being ended: what comes of it is not known yet. */
  | { readonly is: 'ending' }
  | { readonly is: 'over' };

const overStates = new Set([
  'COMPLETED',
  'FAILED',
  'OUT_OF_MEMORY',
  'TIMEOUT',
  'DEADLINE',
  'CANCELLED',
  'PREEMPTED',
  'NODE_FAIL',
  'BOOT_FAIL',
  'REVOKED',
]);
const runningStates = new Set(['RUNNING', 'SUSPENDED', 'RESIZING', 'STAGE_OUT', 'SIGNALING', 'STOPPED']);
/** Waits for a person, after the launch on a node failed. */
const failedLaunch = /^(launch failed requeued held|job requeued in held state)$/i;
/** No passing of time changes these. */
const neverStarts =
  /^(PartitionTimeLimit|PartitionNodeLimit|BadConstraints|DependencyNeverSatisfied|InvalidAccount|InvalidQOS|AccountNotAllowed|QOSNotAllowed|AssocMax\w*PerJob\w*|QOSMax\w*PerJob\w*|QOSMaxWallDurationPerJobLimit|QOSMin\w*)$/;

export function standingOf({ state, reason }: QueueRow): Standing {
  if (overStates.has(state)) return { is: 'over' };
  if (runningStates.has(state)) return { is: 'running' };
  if (state === 'COMPLETING') return { is: 'ending' };
  if (failedLaunch.test(reason))
    return { is: 'stuck', cause: 'node-failed', detail: `Slurm could not launch it (${reason})` };
  if (neverStarts.test(reason.replaceAll(' ', '')))
    return { is: 'stuck', cause: 'refused', detail: `Slurm will never start it: ${reason}` };
  return { is: 'waiting' };
}

export interface Verdict {
  readonly code: number | null;
  readonly signal: string | undefined;
  readonly cause: EndCause | undefined;
  readonly detail?: string;
}

/**
 * What became of a job that is over: `state` is Slurm's word (undefined when Slurm has forgotten it), `record` the job's own.
 * `undefined` when the job's word is needed and not there: it may be on its way through the file system.
 *
 * A program that ended well has done so whatever happened to its node a moment later; but when a process of the job was killed
 * for its memory nobody knows what the program made of that. Otherwise Slurm knows best why it ended,
 * and the program's own code counts only where Slurm has nothing to add.
 */
export function verdictOf(
  row: Pick<QueueRow, 'state' | 'exit' | 'nodes' | 'limitSeconds'> | undefined,
  record: ExitRecord | undefined,
  { cancelled, resumes }: { cancelled: boolean; resumes: boolean },
): Verdict | undefined {
  const because = (cause: EndCause, detail?: string): Verdict => {
    return { code: record?.code ?? null, signal: undefined, cause, ...(detail === undefined ? {} : { detail }) };
  };
  // Its program may have been told to end, and ended well, before its script was told.
  if (cancelled && row?.state === 'CANCELLED') return because('cancelled');
  const isShortOfMemory = row?.state === 'OUT_OF_MEMORY';
  if (record && isDone(record) && !isShortOfMemory) return { code: 0, signal: undefined, cause: undefined };
  if (record?.code === 0 && isShortOfMemory) {
    return because('out-of-memory', `Slurm killed a process of it on ${row.nodes}, though its program ended well`);
  }
  // Warned ahead of its limit and ended well: a task that can go on may have saved a state and no result.
  if (record?.code === 0 && record.told === 'USR1' && !resumes) return { code: 0, signal: undefined, cause: undefined };
  if (cancelled && record?.told === 'TERM') return because('cancelled');
  const stated = row && ofState(row.state);
  if (stated) return because(stated, detailOf(row));
  const early = record?.told === '' ? beforeProgram(record) : undefined;
  if (early) return because(early.cause, early.detail);
  if (record?.told === 'USR1') return because('time-limit', 'it ended after the warning ahead of its time limit');
  if (record?.told === 'TERM') {
    const isTimeUp = row?.limitSeconds !== undefined && record.hundredths / 100 >= row.limitSeconds - 1;
    return because(isTimeUp ? 'time-limit' : 'preempted', 'it ended because it was told to');
  }
  if (record) return { code: record.code, signal: undefined, cause: undefined };
  if (cancelled) return because('cancelled');
  if (row?.exit?.code === notStarted.noFolder) {
    return because('faulty-node', `the shared folder was not to be seen or written to on ${row.nodes}`);
  }
  return undefined;
}

export const cancelledVerdict: Verdict = { code: null, signal: undefined, cause: 'cancelled' };

/** When the job's own word never came: the best that is known of it. */
export function withoutRecord(
  row: Pick<QueueRow, 'state' | 'exit' | 'nodes'> | undefined,
  killed?: ExitRecord,
): Verdict {
  const { code = 0, signal = 0 } = row?.exit ?? {};
  if (row?.state === 'FAILED' && signal > 0) {
    return { code: 128 + signal, signal: undefined, cause: undefined, detail: `Slurm says signal ${signal}` };
  }
  // Its script writes down how the program ended: a code that only Slurm has is of a script that did not come so far.
  const told = row
    ? `Slurm says ${row.state}${code > 0 ? ` with code ${code}` : ''}`
    : 'Slurm does not know it any more';
  const left = killed ? 'it was killed, which its program is not to blame for' : 'it left no record of its end';
  return { code: null, signal: undefined, cause: 'lost', detail: `${told}, and ${left}` };
}

function ofState(state: string): EndCause | undefined {
  switch (state) {
    case 'TIMEOUT':
    case 'DEADLINE':
      return 'time-limit';
    case 'OUT_OF_MEMORY':
      return 'out-of-memory';
    case 'PREEMPTED':
      return 'preempted';
    case 'NODE_FAIL':
    case 'BOOT_FAIL':
      return 'node-failed';
    case 'CANCELLED':
      return 'cancelled-by-hand';
    default:
      return undefined;
  }
}

function detailOf({ state, nodes, limitSeconds }: Pick<QueueRow, 'state' | 'nodes' | 'limitSeconds'>): string {
  // Whoever asked for no time had what the site gives.
  const limit = state === 'TIMEOUT' && limitSeconds !== undefined ? `, limit ${duration(limitSeconds)}` : '';
  return (nodes === '' ? state : `${state} on ${nodes}`) + limit;
}

function beforeProgram({ code, why, host }: ExitRecord): { cause: EndCause; detail: string } | undefined {
  if (why === 'program') return undefined;
  if (code === notStarted.noGpus) return { cause: 'faulty-node', detail: `${host} has fewer GPUs than were asked for` };
  if (why === 'setup')
    return { cause: 'refused', detail: `what the site file prepares failed on ${host}: its log says which line` };
  return { cause: 'faulty-node', detail: `${host} cannot see the folder in which it starts` };
}
