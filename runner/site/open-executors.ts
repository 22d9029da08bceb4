import { Problem } from '../../cache/problem.ts';
import type { Executor } from '../executors/executor.ts';
import { type Executors, several } from '../executors/executors.ts';
import { guarded } from '../executors/guarded.ts';
import { asking, type MakeOptions } from '../executors/door.ts';
import type { ToPlace } from '../executors/placement.ts';
import { doorNamed, known, mainExecutor, siteFor } from './doors.ts';
import { defaultExecutor } from './default-executor.ts';
import type { Site } from './site.ts';

export interface OpenOptions extends MakeOptions {
  /** Instead of what the site says. */
  readonly executor?: string | undefined;
}

/** The executors of a site. None is loaded before a job needs it. */
export async function openExecutors(
  { site, storeRoot }: { site: Site; storeRoot: string },
  { executor, jobs, withGpus }: OpenOptions,
): Promise<Executors> {
  return several({
    serviceHost: await serviceHost(site, executor),
    nameFor: (job) => placeOf(site, executor, job),
    make: async (name): Promise<Executor> => {
      const door = await doorNamed(site, name);
      const made = await asking(door, 'make', () => door.make(siteFor(door, { site, storeRoot }), { jobs, withGpus }));
      if (!made.outlivesDriver || door.left) return guarded(made, name);
      throw new Problem(
        'wrong-site',
        `Jobs of the executor "${name}" outlive their driver, and its door has no \`left\`.`,
      );
    },
  });
}

/** `--executor` says where jobs go, else the site; of its `place` function a job may be told another place. */
export function placeOf(site: Site, asked: string | undefined, job: ToPlace): string {
  const main = mainExecutor(site, asked);
  // On a laptop everything is local, whatever is said of the cluster.
  if (main === defaultExecutor) return main;
  const other: unknown = site.place?.(job);
  if (other === undefined) return main;
  if (typeof other === 'string') return known(site, other);
  throw new Problem('wrong-site', `\`place\` of pipeline.config.ts gave ${JSON.stringify(other)} for ${job.label}.`, {
    hint: 'Return the name of an executor, or undefined for where the others go.',
  });
}

/** Which executor runs services for its jobs; a job of any other brings its own along. */
export async function serviceHost(site: Site, asked: string | undefined): Promise<string> {
  const main = mainExecutor(site, asked);
  return (await doorNamed(site, main)).hostsServices ? main : defaultExecutor;
}
