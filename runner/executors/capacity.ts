import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';

/** What a machine has to give. */
export interface Capacity {
  readonly cpus: number;
  readonly memoryGb: number;
  /** Indices of the GPUs as the driver library counts them. */
  readonly gpus: readonly number[];
  readonly gpuType: string | undefined;
  /** Jobs at one time, whatever they ask for. */
  readonly jobs: number;
}

/** What of this machine may be used, where that is not all it has. */
export const MachineLimits = z.strictObject({
  cpus: z.int().positive().optional(),
  memoryGb: z.number().positive().optional(),
  gpus: z.array(z.int().min(0)).optional(),
  gpuType: z.string().optional(),
});
export type MachineLimits = z.infer<typeof MachineLimits>;

/** What this machine has, within what the site allows. GPUs are asked for only when `withGpus`: it takes a process. */
export async function localCapacity(
  limits: MachineLimits,
  { jobs, withGpus }: { jobs?: number; withGpus: boolean },
): Promise<Capacity> {
  const cpus = limits.cpus ?? availableParallelism();
  const gpus = withGpus ? await findGpus() : { indices: [], type: undefined };
  return {
    cpus,
    memoryGb: limits.memoryGb ?? Math.floor(totalmem() / 2 ** 30),
    gpus: limits.gpus ?? gpus.indices,
    gpuType: limits.gpuType ?? gpus.type,
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
