import type { SlurmSite } from './script/slurm-site.ts';
import { inheritedEnvironment } from '../environment.ts';
import { SlurmCommands, slurmEnvironment } from './queue/commands.ts';
import { LingeringJobs } from './lingering-jobs.ts';
import { SlurmExecutor } from './slurm.ts';

export function makeSlurm(site: SlurmSite, storeRoot: string): SlurmExecutor {
  return new SlurmExecutor(site, slurmCommands(), new LingeringJobs(storeRoot));
}

/** Slurm's commands, with just the surroundings that jobs may inherit. */
export function slurmCommands(): SlurmCommands {
  return new SlurmCommands({ ...inheritedEnvironment(), ...slurmEnvironment() });
}
