import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';
import { Problem } from '../cache/problem.ts';
import { loadSiteFile } from './site-file.ts';
import type { Capacity } from './slots.ts';

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
});
export type Site = z.infer<typeof Site>;

/** The site of a project; defaults where it has no `pipeline.config.ts`. */
export async function loadSite(root: string): Promise<Site> {
  const given = await loadSiteFile(root);
  const parsed = Site.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  throw new Problem('wrong-site', `${root}/pipeline.config.ts does not fit:\n${z.prettifyError(parsed.error)}`);
}

/** What this machine has, within what the site allows. GPUs are asked for only when `withGpus`: it takes a process. */
export async function localCapacity(
  { local }: Site,
  { jobs, withGpus }: { jobs?: number; withGpus: boolean },
): Promise<Capacity> {
  const cpus = local.cpus ?? availableParallelism();
  const gpus = withGpus ? await findGpus() : { indices: [], type: undefined };
  return {
    cpus,
    memoryGb: local.memoryGb ?? Math.floor(totalmem() / 2 ** 30),
    gpus: local.gpus ?? gpus.indices,
    gpuType: local.gpuType ?? gpus.type,
    jobs: jobs ?? Math.max(1, cpus),
  };
}

/** As `nvidia-smi` lists them, within CUDA_VISIBLE_DEVICES; none where there is no `nvidia-smi`. */
async function findGpus(): Promise<{ indices: number[]; type: string | undefined }> {
  const { execa } = await import('execa');
  const listed = await execa('nvidia-smi', ['--query-gpu=index,name', '--format=csv,noheader'], {
    reject: false,
    detached: true,
  });
  if (listed.failed) return { indices: [], type: undefined };
  const rows = listed.stdout.split('\n').map((line) => line.split(', '));
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(',').map(Number);
  const indices = rows.map(([index]) => Number(index)).filter((index) => visible?.includes(index) ?? true);
  return { indices, type: rows[0]?.[1] };
}
