import type { Resources } from '../../../../tasks/core/resources.ts';
import type { Job } from '../../executor.ts';
import type { SlurmSite } from '../script/slurm-site.ts';
import { type Cluster, clusterRefusals, gresType, typeWithMemory } from './cluster.ts';

/** Elements of an array, as long as nobody said how many there may be. */
const usualArraySize = 1000;

/** What jobs need to know of the cluster: until somebody answers, nothing is refused and the usual holds. */
export class KnownCluster {
  readonly #site: SlurmSite;
  #cluster: Cluster | undefined;

  constructor(site: SlurmSite) {
    this.#site = site;
  }

  get isKnown(): boolean {
    return this.#cluster !== undefined;
  }

  learn(cluster: Cluster): void {
    this.#cluster = cluster;
  }

  /** Elements that an array may have. */
  get arraySize(): number {
    return this.#cluster?.arraySize ?? usualArraySize;
  }

  get hasAccounting(): boolean {
    return this.#cluster?.hasAccounting ?? false;
  }

  refusal(resources: Resources): string | undefined {
    return this.#cluster && clusterRefusals(this.#cluster, this.#site, resources)[0];
  }

  /** The job with its GPU type as the cluster spells it, or with one that has the memory that it asks for. */
  spelled(job: Job): Job {
    if (!this.#cluster) return job;
    const { gpuType, ...resources } = job.resources;
    if (gpuType === undefined) {
      const { gpus = 0, gpuMemoryGb } = resources;
      const fitting = gpus > 0 && gpuMemoryGb ? typeWithMemory(this.#cluster, this.#site, gpuMemoryGb) : undefined;
      return fitting === undefined ? job : { ...job, resources: { ...resources, gpuType: fitting } };
    }
    const spelled = gresType(this.#cluster, this.#site, gpuType);
    return { ...job, resources: spelled === undefined ? resources : { ...resources, gpuType: spelled } };
  }
}
