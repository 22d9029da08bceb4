import { Problem } from '../cache/problem.ts';
import type { Resources } from '../tasks/core/resources.ts';

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

export interface Lease {
  readonly isService: boolean;
  readonly cpus: number;
  readonly memoryGb: number;
  readonly gpus: readonly number[];
}

/**
 * What this machine has left of CPUs, GPUs and memory.
 *
 * A job that asks for more cores than there are gets all of them: cores change how long it takes, not whether it can run.
 * GPUs and memory are not stretched.
 *
 * A service takes no place of a job, and no core that it could be waited for: it gets what it asks for as long as one core is
 * left over for jobs, and starts with less or none. Jobs that ask for all cores get all that services leave. So a job and the
 * service that it talks to never wait for each other's cores.
 */
export class Slots {
  readonly #capacity: Capacity;
  readonly #leases = new Set<Lease>();

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  /** Why this machine can never run such a job: all reasons. */
  refusals({ gpus = 0, gpuType, memoryGb = 0, nodes = 1 }: Resources): string[] {
    const { gpus: own, gpuType: ownType, memoryGb: ownMemory } = this.#capacity;
    const reasons: string[] = [];
    if (nodes > 1) reasons.push(`it asks for ${nodes} nodes and this is one machine`);
    if (gpus > own.length) {
      const asked = `${gpus} ${gpuType ? `${gpuType.toUpperCase()} ` : ''}GPU${gpus > 1 ? 's' : ''}`;
      reasons.push(`it asks for ${asked} and this machine has ${own.length}`);
    } else if (gpus > 0 && gpuType && ownType && !ownType.toLowerCase().includes(gpuType.toLowerCase())) {
      reasons.push(`it asks for GPUs of type ${gpuType} and this machine has ${ownType}`);
    }
    if (memoryGb > ownMemory) reasons.push(`it asks for ${memoryGb} GB of memory and this machine has ${ownMemory} GB`);
    return reasons;
  }

  take(resources: Resources, { isService = false }: { isService?: boolean } = {}): Lease | undefined {
    const used = [...this.#leases];
    const jobs = used.filter((lease) => !lease.isService).length;
    if (!isService && jobs >= this.#capacity.jobs) return undefined;
    const { memoryGb = 0, gpus = 0 } = resources;
    const cpus = isService ? this.#coresForService(resources) : this.#coresForJob(resources);
    const left = this.#capacity.cpus - sum(used.map((lease) => lease.cpus));
    const memoryLeft = this.#capacity.memoryGb - sum(used.map((lease) => lease.memoryGb));
    const free = this.#capacity.gpus.filter((index) => !used.some((lease) => lease.gpus.includes(index)));
    if ((!isService && cpus > left) || memoryGb > memoryLeft || gpus > free.length) return undefined;
    const lease = { isService, cpus, memoryGb, gpus: free.slice(0, gpus) };
    this.#leases.add(lease);
    return lease;
  }

  give(lease: Lease): void {
    this.#leases.delete(lease);
  }

  #coresForJob({ cpus = 1 }: Resources): number {
    return Math.min(cpus, this.#capacity.cpus - this.#heldByServices());
  }

  #coresForService({ cpus = 0 }: Resources): number {
    return Math.max(0, Math.min(cpus, this.#capacity.cpus - 1 - this.#heldByServices()));
  }

  #heldByServices(): number {
    return sum([...this.#leases].filter(({ isService }) => isService).map(({ cpus }) => cpus));
  }
}

/** What a job and the services that it talks to hold at one time: of cores only its own, since services never keep those from it. */
export function withServices(job: Resources, services: readonly Resources[]): Resources {
  if (services.length === 0) return job;
  const all = [job, ...services];
  return { ...job, ...total('gpus', all, 0), ...total('memoryGb', all, 0) };
}

/**
 * What a job asks of a cluster that brings its services along: of everything the sum, since nobody else is there to lend any.
 * Throws `gpu-types-differ`: a job gets GPUs of one type.
 */
export function broughtAlong(job: Resources, services: readonly Resources[]): Resources {
  if (services.length === 0) return job;
  const all = [job, ...services];
  const types = new Set(all.flatMap(({ gpus = 0, gpuType }) => (gpus > 0 && gpuType !== undefined ? [gpuType] : [])));
  if (types.size > 1) {
    const message = `A program and its services run in one job there, and ask for GPUs of types ${[...types].join(' and ')}.`;
    throw new Problem('gpu-types-differ', message, { hint: 'Ask for one type, or run it with --executor local.' });
  }
  const [gpuType] = types;
  return {
    ...withServices(job, services),
    ...total('cpus', all, 1),
    ...(gpuType === undefined ? {} : { gpuType }),
    ...(all.some(({ exclusive }) => exclusive) ? { exclusive: true } : {}),
  };
}

/** The sum of what all ask for; nothing when none of them names it. */
function total(
  name: 'gpus' | 'memoryGb' | 'cpus',
  all: readonly Resources[],
  usual: number,
): Partial<Record<'gpus' | 'memoryGb' | 'cpus', number>> {
  if (all.every((one) => one[name] === undefined)) return {};
  return { [name]: sum(all.map((one) => one[name] ?? usual)) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
