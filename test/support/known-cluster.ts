import type { Job } from '../../runner/executors/executor.ts';
import type { Cluster } from '../../runner/executors/slurm/queue/cluster.ts';
import { KnownCluster } from '../../runner/executors/slurm/queue/known-cluster.ts';
import type { SlurmSite } from '../../runner/executors/slurm/script/slurm-site.ts';
import type { Resources } from '../../tasks/core/resources.ts';

/** What jobs would ask a cluster for. */
export function knownClusterOf(
  cluster: Cluster,
  site: SlurmSite,
): { gpuTypeFor(resources: Resources): string | undefined } {
  const known = new KnownCluster(site);
  known.learn(cluster);
  return { gpuTypeFor: (resources) => known.spelled({ resources } as Job).resources.gpuType };
}
