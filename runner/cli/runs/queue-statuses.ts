import type { QueueStatus } from '../../executors/executor.ts';
import type { RunState } from '../../log/state.ts';
import { findDoor, siteFor } from '../../site/doors.ts';
import type { Site } from '../../site/site.ts';

/**
 * What queues say of the nodes of a run now, by address: one question to each executor that has jobs of it, asked by whoever looks
 * at the run, driver or not. Undefined when the run has no jobs in a queue, or nobody answers.
 */
export async function queueStatuses(
  { nodes }: RunState,
  place: { site: Site; storeRoot: string },
): Promise<ReadonlyMap<string, QueueStatus> | undefined> {
  const open = [...nodes.values()].flatMap(({ phase, executor, address, name, index }) => {
    const isOpen = (phase === 'queued' || phase === 'running') && executor !== undefined && name !== undefined;
    return isOpen ? [{ executor, address, as: { name, index } }] : [];
  });
  const lists = [...new Set(open.map(({ executor }) => executor))].map(async (name) => {
    const own = open.filter(({ executor }) => executor === name);
    const door = await findDoor(place.site, name);
    const jobs = own.map(({ as }) => as);
    const answers = door && (await door.left?.queueStatuses(jobs, siteFor(door, place)));
    return answers && own.map(({ address }, i) => [address, answers[i]] as const);
  });
  const answered = (await Promise.all(lists)).filter((list) => list !== undefined);
  if (answered.length === 0) return undefined;
  return new Map(answered.flat().flatMap(([address, status]) => (status ? [[address, status] as const] : [])));
}
