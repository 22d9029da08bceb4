import type { QueueStatus } from '../../executor.ts';
import type { QueueRow } from './queue-text.ts';

/** Of a job that Slurm has not taken: `reason` says why. */
export function notHandedOver(reason: string): QueueStatus {
  const unknown = { startsAt: undefined, startedAt: undefined, limitSeconds: undefined };
  return { id: '', state: 'PENDING', reason: `not taken yet: ${reason}`, host: '', ...unknown };
}

/** A line of the queue in the words of every executor. */
export function queueStatusOf({ id, index, state, reason, nodes, startsAt, limitSeconds }: QueueRow): QueueStatus {
  const isWaiting = state === 'PENDING';
  return {
    id: index === undefined ? id : `${id}_${index}`,
    state,
    reason: reason === 'None' ? '' : reason,
    host: nodes,
    startsAt: isWaiting ? startsAt : undefined,
    startedAt: isWaiting ? undefined : startsAt,
    limitSeconds,
  };
}
