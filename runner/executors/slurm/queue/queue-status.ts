import type { QueueStatus } from '../../executor.ts';
import type { QueueRow } from './queue-text.ts';

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
