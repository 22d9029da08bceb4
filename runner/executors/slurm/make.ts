import { LingeringJobs } from './lingering-jobs.ts';
import { inShell } from './script/shell-settings.ts';
import type { SlurmSite } from './script/slurm-site.ts';
import { SlurmExecutor } from './slurm.ts';
import { slurmCommands } from './queue/slurm-commands.ts';

export function makeSlurm(own: SlurmSite, storeRoot: string): SlurmExecutor {
  const site = inShell(own);
  return new SlurmExecutor(site, slurmCommands(site), new LingeringJobs(storeRoot));
}
