import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';

/** What a machine has to give. */
export interface Capacity {
  readonly cpus: number;
  readonly memoryGb: number;
  /** Indices of the GPUs as the driver library counts them. */
  readonly gpus: readonly number[];
  readonly gpuType: string | undefined;
  /** Of the GPU that has least, in GB of 2^30 bytes; undefined when nobody says. */
  readonly gpuMemoryGb?: number | undefined;
  /** Jobs at one time, whatever they ask for. */
  readonly jobs: number;
}

/** What of this machine may be used, where that is not all it has. */
export const MachineLimits = z.strictObject({
  cpus: z.int().positive().optional(),
  memoryGb: z.number().positive().optional(),
  gpus: z.array(z.int().min(0)).optional(),
  gpuType: z.string().optional(),
  gpuMemoryGb: z.number().positive().optional(),
});
export type MachineLimits = z.infer<typeof MachineLimits>;

/** What this machine has, within what the site allows. GPUs are asked for only when `withGpus`: it takes a process. */
export async function localCapacity(
  limits: MachineLimits,
  { jobs, withGpus }: { jobs?: number; withGpus: boolean },
): Promise<Capacity> {
  const cpus = limits.cpus ?? availableParallelism();
  const gpus = withGpus ? await findGpus(limits.gpus) : { indices: [], type: undefined, memoryGb: undefined };
  return {
    cpus,
    memoryGb: limits.memoryGb ?? Math.floor(totalmem() / 2 ** 30),
    gpus: limits.gpus ?? gpus.indices,
    gpuType: limits.gpuType ?? gpus.type,
    gpuMemoryGb: limits.gpuMemoryGb ?? gpus.memoryGb,
    jobs: jobs ?? Math.max(1, cpus),
  };
}

/** As `nvidia-smi` lists them, within CUDA_VISIBLE_DEVICES; none where there is no `nvidia-smi`. */
async function findGpus(usable: readonly number[] | undefined): Promise<FoundGpus> {
  const { execa } = await import('execa');
  const listed = await execa('nvidia-smi', ['--query-gpu=index,name,memory.total', '--format=csv,noheader,nounits'], {
    reject: false,
    detached: true,
  });
  if (listed.failed) return { indices: [], type: undefined, memoryGb: undefined };
  const rows = listed.stdout.split('\n').map((line) => line.split(', '));
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(',').map(Number);
  const indices = rows.map(([index]) => Number(index)).filter((index) => visible?.includes(index) ?? true);
  const used = rows.filter(([index]) => (usable ?? indices).includes(Number(index)));
  return { indices, type: rows[0]?.[1], memoryGb: leastMemoryGb(used.map(([, , mebibytes]) => mebibytes)) };
}

interface FoundGpus {
  readonly indices: number[];
  readonly type: string | undefined;
  readonly memoryGb: number | undefined;
}

/** Of slices, and by some drivers, `[N/A]` is told. */
function leastMemoryGb(mebibytes: readonly (string | undefined)[]): number | undefined {
  const known = mebibytes.map(Number).filter((size) => size > 0);
  return known.length === 0 || known.length < mebibytes.length ? undefined : Math.min(...known) / 1024;
}

/** A GPU that is sold as one of 80 GB shows up to a twentieth less. */
export function hasGpuMemory(ownGb: number, askedGb: number): boolean {
  return ownGb * 1.05 >= askedGb;
}
