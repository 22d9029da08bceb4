import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import { MachineLimits } from '../executors/capacity.ts';
import type { Door, Doors } from '../executors/door.ts';
import type { ToPlace } from '../executors/placement.ts';
import { misspelt } from './misspelt.ts';
import { ownDoors, usableDoors } from './own-doors.ts';
import { loadSiteFile } from './site-file.ts';
import type { Site } from './site.ts';

/** What `pipeline.config.ts` at the root of a repository may say of the place where it runs, with these executors. */
function siteWith(builtIn: readonly Door[], own: readonly Door[]) {
  const doors = [...builtIn, ...own];
  const parts = doors.flatMap(({ name, site }) => (site ? [[name, site.optional()] as const] : []));
  return z.strictObject({
    /** The store's folder; relative to the file. */
    store: z.string().optional(),
    /** Where records are kept: `auto`, `sqlite:…`, `files:…`, `redis://…`, `postgres://…`. */
    records: z.string().optional(),
    local: MachineLimits.prefault({}),
    /** As if `--strict` were given always: programs are refused whose code cannot be followed whole. */
    strict: z.boolean().optional(),
    /** Executors of one's own. */
    doors: ownDoors(builtIn.map(({ name }) => name)).optional(),
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

/** The site of a project; defaults where it has no `pipeline.config.ts`. Throws `wrong-site`. */
export async function loadSite(root: string, builtIn: Doors): Promise<Site> {
  const given = await loadSiteFile(root);
  // Only to read a file all executors have to be loaded.
  if (given === undefined) return { local: MachineLimits.parse({}), doors: builtIn };
  return parseSite(given, { builtIn, file: `${root}/pipeline.config.ts` });
}

/** Content of a site file, checked as a whole: each executor knows its own part. Throws `wrong-site`. */
export async function parseSite(given: unknown, { builtIn, file }: { builtIn: Doors; file: string }): Promise<Site> {
  const known = await Promise.all(Object.values(builtIn).map((load) => load()));
  const { data, error } = siteWith(known, usableDoors(given)).safeParse(given, { error: misspelt });
  if (error) throw new Problem('wrong-site', `${file} does not fit:\n${z.prettifyError(error)}`, { cause: error });
  const own = (data.doors ?? []).map((door) => [door.name, async () => door] as const);
  return { ...data, doors: { ...builtIn, ...Object.fromEntries(own) } };
}
