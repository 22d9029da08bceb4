import { inheritedEnvironment } from '../../environment.ts';
import { clusterOf } from '../script/shell-settings.ts';
import type { SlurmSite } from '../script/slurm-site.ts';
import { SlurmCommands } from './commands.ts';

/**
 * Slurm's commands, with just the surroundings that jobs may inherit, and where Slurm is. No other of the many variables that each of
 * them listens to reaches any: what one of them does not see another must not. Throws `several-clusters`.
 */
export function slurmCommands(site: SlurmSite): SlurmCommands {
  const { SLURM_CONF } = process.env;
  const environment = { ...inheritedEnvironment(), ...(SLURM_CONF === undefined ? {} : { SLURM_CONF }) };
  return new SlurmCommands(environment, clusterOf(site));
}
