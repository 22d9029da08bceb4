import { z } from 'zod';
import { refusedOption } from './refused-options.ts';

const word = z.string().regex(/^[\w.,:&|*[\]()@+/-]+$/, 'It must be one word, as Slurm takes it.');

function refuseOwn(option: string, context: z.RefinementCtx): void {
  const refused = refusedOption(option);
  if (refused)
    context.addIssue({ code: 'custom', message: `${refused.name} is not to be said here: ${refused.advice}.` });
}

/** How jobs reach a Slurm cluster. All of it may be left out: then it is the cluster that `sbatch` finds, and its defaults. */
export const SlurmSite = z.strictObject({
  /** Of several that one Slurm knows, where all jobs go. */
  cluster: word.optional(),
  partition: word.optional(),
  account: word.optional(),
  qos: word.optional(),
  /**
   * How much memory GPUs have, in GB, by type as the cluster spells it or a part of that: `{ a100: 80, l40s: 48 }`. Tasks that ask
   * for memory get a type that has it. Of a type that is not here nothing is known: it is taken to have enough.
   */
  gpuMemoryGb: z.record(word, z.number().positive()).optional(),
  /** Features of nodes, as `sbatch --constraint` takes them. */
  constraint: word.optional(),
  reservation: word.optional(),
  /** Loaded before each job: `module load NAME`. */
  modules: z.array(word).optional(),
  /** Shell lines of the site's owner, run before each job; the only text that a shell evaluates. One that fails fails the job. */
  setup: z.array(z.string()).optional(),
  /** More options for `sbatch`, one word each: `--mail-type=FAIL`. */
  extra: z.array(z.string().startsWith('-').superRefine(refuseOwn)).optional(),
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

/** So long nothing is heard of a job that is out of sight, before it counts as gone; in seconds. */
export function silenceSeconds({ visibleWithinSeconds = 120 }: SlurmSite): number {
  return visibleWithinSeconds;
}

/** Between two signs of life of a job: some may be late. */
export function beatSeconds(site: SlurmSite): number {
  return Math.min(30, Math.max(1, Math.floor(silenceSeconds(site) / 4)));
}
