import type { Resources } from '../../tasks/core/resources.ts';
import type { Exit } from '../executors/executor.ts';
import type { Cost } from '../log/events.ts';

/** What a job with these resources holds, on all nodes together. */
export function heldBy({ gpus = 0, cpus = 1, nodes = 1 }: Resources): Pick<Cost, 'gpus' | 'cpus'> {
  return { gpus, cpus: cpus * nodes };
}

/** What a job held, and what it used of it; undefined when nobody measured it. */
export function costOf(resources: Resources, seconds: number, { usage }: Exit): Cost | undefined {
  if (usage?.host === undefined) return undefined;
  const { host, cpuSeconds, peakMemoryGb } = usage;
  return { host, seconds, ...heldBy(resources), memoryGb: resources.memoryGb, cpuSeconds, peakMemoryGb };
}
