import type { RunState } from '../../log/state.ts';
import type { QueueStatus } from '../../executors/executor.ts';
import { slurmCommands } from '../../executors/slurm/make.ts';
import { queueStatusOf } from '../../executors/slurm/queue/queue-status.ts';
import { Listing } from '../../executors/slurm/queue/listing.ts';

/**
 * What the queue says of the nodes of a run now, by address: one query for all of them, asked by whoever looks at the run, driver
 * or not. Undefined when the run has no jobs there, or nobody answers.
 */
export async function queueStatuses(state: RunState): Promise<ReadonlyMap<string, QueueStatus> | undefined> {
  const open = [...state.nodes.values()].flatMap(({ phase, executor, address, name, index }) => {
    const isOpen = (phase === 'queued' || phase === 'running') && executor === 'slurm' && name !== undefined;
    return isOpen ? [{ address, as: { name, index } }] : [];
  });
  if (open.length === 0) return undefined;
  const answer = await slurmCommands().queue();
  if (answer.is !== 'answer') return undefined;
  const listing = new Listing(answer.value);
  return new Map(
    open.flatMap(({ address, as }) => {
      const row = listing.find(as);
      return row ? [[address, queueStatusOf(row)] as const] : [];
    }),
  );
}
