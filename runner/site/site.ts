import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import { executorNames, type ExecutorName, type ToPlace } from '../executors/placement.ts';
import { SlurmSite } from '../executors/slurm/script/slurm-site.ts';
import { loadSiteFile } from './site-file.ts';

/** What `pipeline.config.ts` at the root of a repository may say of the place where it runs. */
export const Site = z.strictObject({
  /** The store's folder; relative to the file. */
  store: z.string().optional(),
  /** Where records are kept: `auto`, `sqlite:…`, `files:…`, `redis://…`, `postgres://…`. */
  records: z.string().optional(),
  /** What this machine may use, where that is not all it has. */
  local: z
    .strictObject({
      cpus: z.int().positive().optional(),
      memoryGb: z.number().positive().optional(),
      gpus: z.array(z.int().min(0)).optional(),
      gpuType: z.string().optional(),
    })
    .prefault({}),
  executors: z.strictObject({ slurm: SlurmSite.optional() }).optional(),
  /** Where jobs run unless `--executor` says otherwise. Default `local`. */
  executor: z.enum(executorNames).optional(),
  /** Where one job runs, when not all of them go to the same place; undefined: where the others go. */
  place: z
    .custom<(job: ToPlace) => ExecutorName | undefined>(
      (value) => typeof value === 'function',
      'It must be a function.',
    )
    .optional(),
});
export type Site = z.infer<typeof Site>;

/** The site of a project; defaults where it has no `pipeline.config.ts`. */
export async function loadSite(root: string): Promise<Site> {
  const given = await loadSiteFile(root);
  const parsed = Site.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  throw new Problem('wrong-site', `${root}/pipeline.config.ts does not fit:\n${z.prettifyError(parsed.error)}`);
}
