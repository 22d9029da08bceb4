import type { Resources } from '../../tasks/core/resources.ts';
import { type Capacity, hasGpuMemory } from './capacity.ts';

export interface Allocation {
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
  readonly #leases = new Set<Allocation>();

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  /** Why this machine can never run such a job: all reasons. */
  refusals({ gpus = 0, gpuType, gpuMemoryGb = 0, memoryGb = 0, nodes = 1 }: Resources): string[] {
    const { gpus: own, gpuType: ownType, gpuMemoryGb: ownGpuMemory, memoryGb: ownMemory } = this.#capacity;
    const reasons: string[] = [];
    if (nodes > 1) reasons.push(`it asks for ${nodes} nodes and this is one machine`);
    if (gpus > own.length) {
      const asked = `${gpus} ${gpuType ? `${gpuType.toUpperCase()} ` : ''}GPU${gpus > 1 ? 's' : ''}${gpuMemoryGb > 0 ? ` of ${gpuMemoryGb} GB` : ''}`;
      reasons.push(`it asks for ${asked} and this machine has ${own.length}`);
    } else if (gpus > 0 && gpuType && ownType && !ownType.toLowerCase().includes(gpuType.toLowerCase())) {
      reasons.push(`it asks for GPUs of type ${gpuType} and this machine has ${ownType}`);
    }
    if (gpus > 0 && gpus <= own.length && ownGpuMemory !== undefined && !hasGpuMemory(ownGpuMemory, gpuMemoryGb)) {
      const gb = Math.round(ownGpuMemory);
      reasons.push(`it asks for GPUs with ${gpuMemoryGb} GB of memory and this machine has GPUs with ${gb} GB`);
    }
    if (memoryGb > ownMemory) reasons.push(`it asks for ${memoryGb} GB of memory and this machine has ${ownMemory} GB`);
    return reasons;
  }

  /** What of a request cannot be told here, in words. */
  unknowns({ gpus = 0, gpuMemoryGb }: Resources): string[] {
    const isTold = gpus === 0 || gpuMemoryGb === undefined || this.#capacity.gpuMemoryGb !== undefined;
    return isTold
      ? []
      : [`it asks for GPUs with ${gpuMemoryGb} GB of memory, and how much those of this machine have is not known`];
  }

  take(resources: Resources, { isService = false }: { isService?: boolean } = {}): Allocation | undefined {
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

  give(lease: Allocation): void {
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

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
