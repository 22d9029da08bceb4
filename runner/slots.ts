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
  readonly cpus: number;
  readonly memoryGb: number;
  readonly gpus: readonly number[];
}

/**
 * What this machine has left of CPUs, GPUs and memory.
 *
 * A job that asks for more cores than there are gets all of them: cores change how long it takes, not whether it can run.
 * GPUs and memory are not stretched.
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

  take(resources: Resources): Lease | undefined {
    if (this.#leases.size >= this.#capacity.jobs) return undefined;
    const wanted = this.#wanted(resources);
    const used = [...this.#leases];
    const left = this.#capacity.cpus - sum(used.map(({ cpus }) => cpus));
    const memoryLeft = this.#capacity.memoryGb - sum(used.map(({ memoryGb }) => memoryGb));
    const free = this.#capacity.gpus.filter((index) => !used.some(({ gpus }) => gpus.includes(index)));
    if (wanted.cpus > left || wanted.memoryGb > memoryLeft || wanted.gpus > free.length) return undefined;
    const lease = { cpus: wanted.cpus, memoryGb: wanted.memoryGb, gpus: free.slice(0, wanted.gpus) };
    this.#leases.add(lease);
    return lease;
  }

  give(lease: Lease): void {
    this.#leases.delete(lease);
  }

  #wanted({ cpus = 1, memoryGb = 0, gpus = 0 }: Resources): { cpus: number; memoryGb: number; gpus: number } {
    return { cpus: Math.min(cpus, this.#capacity.cpus), memoryGb, gpus };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
