import { LingeringJobs } from './lingering-jobs.ts';
import type { SlurmSite } from './script/slurm-site.ts';
import { SlurmExecutor } from './slurm.ts';
import { slurmCommands } from './queue/slurm-commands.ts';

export function makeSlurm(site: SlurmSite, storeRoot: string): SlurmExecutor {
  return new SlurmExecutor(site, slurmCommands(), new LingeringJobs(storeRoot));
}
