import type { Site } from '../../site.ts';
import { inheritedEnvironment } from '../environment.ts';
import { SlurmCommands, slurmEnvironment } from './commands.ts';
import { Strays } from './strays.ts';
import { SlurmExecutor } from './slurm.ts';

export function makeSlurm(site: Site, storeRoot: string): SlurmExecutor {
  return new SlurmExecutor(site.executors?.slurm ?? {}, slurmCommands(), new Strays(storeRoot));
}

/** Slurm's commands, with just the surroundings that jobs may inherit. */
export function slurmCommands(): SlurmCommands {
  return new SlurmCommands({ ...inheritedEnvironment(), ...slurmEnvironment() });
}
