import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import { MachineLimits } from '../executors/capacity.ts';
import type { Door } from '../executors/door.ts';
import type { ToPlace } from '../executors/placement.ts';
import { ownDoors, usableDoors } from './own-doors.ts';
import { builtIn } from './registry.ts';
import { loadSiteFile } from './site-file.ts';

/** What `pipeline.config.ts` at the root of a repository may say of the place where it runs, with these executors. */
function siteWith(doors: readonly Door[]) {
  const parts = doors.flatMap(({ name, site }) => (site ? [[name, site.optional()] as const] : []));
  return z.strictObject({
    /** The store's folder; relative to the file. */
    store: z.string().optional(),
    /** Where records are kept: `auto`, `sqlite:…`, `files:…`, `redis://…`, `postgres://…`. */
    records: z.string().optional(),
    local: MachineLimits.prefault({}),
    /** Executors of one's own. */
    doors: ownDoors.optional(),
    /** What each executor is told, by its name. */
    executors: z.strictObject(Object.fromEntries(parts)).optional(),
    /** Where jobs run unless `--executor` says otherwise. Default `local`. */
    executor: z.enum(doors.map(({ name }) => name)).optional(),
    /** Where one job runs, when not all of them go to the same place; undefined: where the others go. */
    place: z
      .custom<(job: ToPlace) => string | undefined>((value) => typeof value === 'function', 'It must be a function.')
      .optional(),
  });
}
export type Site = z.infer<ReturnType<typeof siteWith>>;

/** The site of a project; defaults where it has no `pipeline.config.ts`. Throws `wrong-site`. */
export async function loadSite(root: string): Promise<Site> {
  return parseSite((await loadSiteFile(root)) ?? {}, `${root}/pipeline.config.ts`);
}

/** Content of a site file, checked as a whole: each executor knows its own part. Throws `wrong-site`. */
export async function parseSite(given: unknown, file = 'pipeline.config.ts'): Promise<Site> {
  const known = await Promise.all(Object.values(builtIn).map((load) => load()));
  const parsed = siteWith([...known, ...usableDoors(given)]).safeParse(given);
  if (parsed.success) return parsed.data;
  const { error } = parsed;
  throw new Problem('wrong-site', `${file} does not fit:\n${z.prettifyError(error)}`, { cause: error });
}
