import { Problem } from '../../../../cache/problem.ts';
import type { SlurmSite } from './slurm-site.ts';

type Shell = Readonly<Record<string, string | undefined>>;

/**
 * The site as the shell completes it: variables that `sbatch` would listen to say what the site file leaves open. They become options,
 * so that no job sees them, and everything that is asked beforehand is asked of the same place.
 */
export function inShell(site: SlurmSite, shell: Shell = process.env): SlurmSite {
  const given = {
    partition: shell.SBATCH_PARTITION,
    account: shell.SBATCH_ACCOUNT,
    qos: shell.SBATCH_QOS,
    constraint: shell.SBATCH_CONSTRAINT,
    reservation: shell.SBATCH_RESERVATION,
    cluster: shell.SBATCH_CLUSTERS || shell.SLURM_CLUSTERS,
  };
  return { ...Object.fromEntries(Object.entries(given).filter(([, value]) => value)), ...site };
}

/** The cluster that is asked and that jobs go to; undefined for the one at hand. Throws `several-clusters`. */
export function clusterOf(site: SlurmSite): string | undefined {
  const { cluster } = site;
  if (cluster === undefined || (/^[\w.-]+$/.test(cluster) && cluster !== 'all')) return cluster;
  throw new Problem('several-clusters', `Jobs go to one cluster, and this names several: ${cluster}.`, {
    hint: "Name one: executors: { slurm: { cluster: '…' } } in pipeline.config.ts, or SLURM_CLUSTERS in the shell.",
  });
}
