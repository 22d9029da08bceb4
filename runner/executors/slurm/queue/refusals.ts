import type { Resources } from '../../../../tasks/core/resources.ts';
import type { Reason } from '../../door.ts';
import { slurmCommands } from './slurm-commands.ts';
import { clusterRefusals } from './cluster.ts';
import type { SlurmSite } from '../script/slurm-site.ts';

/** Why the live cluster can never run such jobs: one question for all of them. */
export async function slurmRefusals(asked: readonly Resources[], site: SlurmSite): Promise<readonly Reason[][]> {
  const answer = await slurmCommands().cluster();
  if (answer.is === 'refused') {
    const advice = 'run it on a login node of the cluster, or with --executor local';
    return asked.map(() => [{ what: `Slurm cannot be used: ${answer.message}`, advice }]);
  }
  // A controller that is away for a moment is no reason to refuse anything.
  if (answer.is !== 'answer') return asked.map(() => []);
  return asked.map((resources) => clusterRefusals(answer.value, site, resources).map((what) => ({ what })));
}
