import type { ExecutorName, ToPlace } from '../executors/placement.ts';
import { localCapacity } from '../executors/local/capacity.ts';
import type { Site } from './site.ts';
import type { Executor } from '../executors/executor.ts';
import { type Executors, several } from '../executors/executors.ts';

export interface OpenOptions {
  /** Instead of what the site says. */
  readonly executor?: ExecutorName | undefined;
  /** Jobs on this machine at one time. */
  readonly jobs?: number | undefined;
  /** Whether a job on this machine may ask for GPUs: looking for them takes a process. */
  readonly withGpus: boolean;
}

/** The executors of a site. None is loaded before a job needs it. */
export function openExecutors(
  { site, storeRoot }: { site: Site; storeRoot: string },
  { executor, jobs, withGpus }: OpenOptions,
): Executors {
  return several(
    {
      local: async (): Promise<Executor> => {
        const { LocalExecutor } = await import('../executors/local/local.ts');
        return new LocalExecutor(await localCapacity(site.local, { withGpus, jobs }));
      },
      slurm: async (): Promise<Executor> => {
        const { makeSlurm } = await import('../executors/slurm/make.ts');
        return makeSlurm(site.executors?.slurm ?? {}, storeRoot);
      },
    },
    (job) => placeOf(site, executor, job),
  );
}

/** `--executor` says where jobs go, else the site; of its `place` function a job may be told another place. */
export function placeOf({ executor: usual, place }: Site, asked: ExecutorName | undefined, job: ToPlace): ExecutorName {
  const main = asked ?? usual ?? 'local';
  // On a laptop everything is local, whatever is said of the cluster.
  return main === 'local' ? 'local' : (place?.(job) ?? main);
}
