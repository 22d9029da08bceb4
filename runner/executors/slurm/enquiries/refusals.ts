import type { Resources } from '../../../../tasks/core/resources.ts';
import type { Reason } from '../../door.ts';
import { slurmCommands } from '../queue/slurm-commands.ts';
import { clusterRefusals, nodesFor, typesWithoutMemory } from '../queue/cluster.ts';
import { inShell } from '../script/shell-settings.ts';
import type { SlurmSite } from '../script/slurm-site.ts';
import { refusalOfSite } from './refusal-of-site.ts';

/** Why the live cluster can never run such jobs: one question for all of them. */
export async function slurmRefusals(asked: readonly Resources[], own: SlurmSite): Promise<readonly Reason[][]> {
  const site = inShell(own);
  const commands = slurmCommands(site);
  const answer = await commands.cluster();
  if (answer.is === 'refused') {
    const advice = 'run it on a login node of the cluster, or with --executor local';
    return asked.map(() => [{ what: `Slurm cannot be used: ${answer.message}`, advice }]);
  }
  // A controller that is away for a moment is no reason to refuse anything.
  if (answer.is !== 'answer') return asked.map(() => []);
  const cluster = answer.value;
  // A partition that is not shown may be there all the same: whether it is for us Slurm knows.
  const isUnseen = site.partition !== undefined && nodesFor(cluster, site).length === 0;
  const refusal = isUnseen ? await refusalOfSite(commands, site) : undefined;
  const unseen =
    refusal === undefined ? [] : [{ what: `Slurm takes no job for partition ${site.partition}: ${refusal}` }];
  if (isUnseen) return asked.map(() => unseen);
  const unknown = typesWithoutMemory(cluster, site);
  return asked.map((resources) => {
    const refusals = clusterRefusals(cluster, site, resources).map((what) => ({ what }));
    return refusals.length > 0 ? refusals : untold(resources, unknown);
  });
}

/** It starts all the same, on whatever the cluster has. */
function untold({ gpus = 0, gpuMemoryGb, gpuType }: Resources, unknown: readonly string[]): Reason[] {
  if (gpus === 0 || gpuMemoryGb === undefined || gpuType !== undefined || unknown.length === 0) return [];
  const [type = ''] = unknown;
  return [
    {
      what: `it asks for GPUs with ${gpuMemoryGb} GB of memory, and nobody says how much these have: ${unknown.join(', ')}`,
      advice: `say it in pipeline.config.ts: executors: { slurm: { gpuMemoryGb: { '${type}': ${gpuMemoryGb} } } }`,
      isNote: true,
    },
  ];
}
