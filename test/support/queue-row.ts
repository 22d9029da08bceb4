import type { QueueRow } from '../../runner/executors/slurm/queue/queue-text.ts';

/** A line of the queue for a job that waits, with nothing particular about it. */
export function queueRow(more: Partial<QueueRow> = {}): QueueRow {
  return {
    id: '7',
    index: undefined,
    name: 'train.1',
    state: 'PENDING',
    reason: '',
    restarts: 0,
    exit: undefined,
    nodes: '',
    startsAt: undefined,
    limitSeconds: undefined,
    ...more,
  };
}
