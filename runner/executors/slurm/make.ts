import type { Site } from '../../site.ts';
import { inheritedEnvironment } from '../environment.ts';
import { SlurmCommands, slurmEnvironment } from './commands.ts';
import { SlurmExecutor } from './slurm.ts';

export function makeSlurm(site: Site): SlurmExecutor {
  return new SlurmExecutor(site.executors?.slurm ?? {}, slurmCommands());
}

/** Slurm's commands, with just the surroundings that jobs may inherit. */
export function slurmCommands(): SlurmCommands {
  return new SlurmCommands({ ...inheritedEnvironment(), ...slurmEnvironment() });
}
