import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';
import { Problem } from '../cache/problem.ts';
import type { Resources } from '../tasks/core/resources.ts';
import { loadSiteFile } from './site-file.ts';
import type { Capacity } from './slots.ts';

export const executorNames = ['local', 'slurm'] as const;
export type ExecutorName = (typeof executorNames)[number];

/** What `place` in a site file decides by. */
export interface ToPlace {
  readonly task: string;
  readonly label: string;
  /** Its body is TypeScript: wherever it runs, Node must be. */
  readonly isTypeScript: boolean;
  readonly resources: Resources;
}

const word = z.string().regex(/^[\w.,:&|*[\]()@+/-]+$/, 'It must be one word, as Slurm takes it.');

/** How jobs reach a Slurm cluster. All of it may be left out: then it is the cluster that `sbatch` finds, and its defaults. */
export const SlurmSite = z.strictObject({
  partition: word.optional(),
  account: word.optional(),
  qos: word.optional(),
  /** Features of nodes, as `sbatch --constraint` takes them. */
  constraint: word.optional(),
  reservation: word.optional(),
  /** Loaded before each job: `module load NAME`. */
  modules: z.array(word).optional(),
  /** Shell lines of the site's owner, run before each job; the only text that a shell evaluates. */
  setup: z.array(z.string()).optional(),
  /** More options for `sbatch`, one word each: `--mail-type=FAIL`. */
  extra: z.array(z.string().startsWith('-')).optional(),
  /** At most so many jobs of one driver are in the queue, waiting or running. Default 1000. */
  maxQueued: z.int().positive().optional(),
  /** At most so many elements of one array run at a time. Default: as many as there is room for. */
  maxRunning: z.int().positive().optional(),
  /** Small jobs of a fan-out (no GPU, one node) that share one Slurm job, one after the other. Default 1. */
  packed: z.int().positive().optional(),
  /** Seconds between two looks at the queue when something happens; grows tenfold when nothing does. Default 2. */
  pollSeconds: z.number().positive().optional(),
  /** So long a file of an ended job is waited for: shared file systems show them late. Default 120 seconds. */
  visibleWithinSeconds: z.number().positive().optional(),
  /** Slurm may put a job back into the queue by itself, under the same id. Default false: the driver submits again. */
  requeue: z.boolean().optional(),
});
export type SlurmSite = z.infer<typeof SlurmSite>;

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
