import type { QueueStatus } from '../executors/executor.ts';
import type { NodeState } from '../log/state.ts';
import { oneLine } from './columns.ts';
import { duration, localTime } from '../words/quantities.ts';

/** What is known of a node's job on a cluster. */
export interface OnCluster {
  readonly queueStatus: QueueStatus | undefined;
  /** How long the node took the last time, in seconds. */
  readonly expectedSeconds: number | undefined;
}

/** Why a job waits, and until when as far as the scheduler can tell. */
export function waitingWords({ queueStatus }: OnCluster, now: number): string {
  if (!queueStatus) return 'with the scheduler';
  const { id, reason, startsAt } = queueStatus;
  const starts =
    startsAt === undefined || startsAt < now
      ? ''
      : `, starts about ${localTime(startsAt).slice(-5)} (in ${duration((startsAt - now) / 1000)})`;
  return `${id === '' ? '' : `job ${id} `}waits${reason === '' ? '' : `: ${oneLine(reason)}`}${starts}`;
}

/** Where a job runs, how much of its time is over, and what it has cost so far. */
export function runningWords(node: NodeState, { queueStatus, expectedSeconds }: OnCluster, now: number): string {
  const { gpus = 0 } = node.resources ?? {};
  const seconds = (now - (node.startedAt ?? now)) / 1000;
  const limit = queueStatus?.limitSeconds;
  const host = queueStatus?.host || node.host || '';
  return [
    host === '' ? '' : `on ${oneLine(host)}`,
    limit === undefined ? '' : `limit ${duration(limit)}`,
    gpus === 0 ? '' : gpuWords(gpus * seconds, expectedSeconds === undefined ? undefined : gpus * expectedSeconds),
  ]
    .filter(Boolean)
    .join(', ');
}

function gpuWords(used: number, expected: number | undefined): string {
  return expected === undefined ? `${hours(used)} GPU h` : `${hours(used)} of about ${hours(expected)} GPU h`;
}

/** GPU seconds as hours, as bills have them. */
export function hours(seconds: number): string {
  const value = seconds / 3600;
  return value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0);
}
