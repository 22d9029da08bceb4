import { inheritedEnvironment } from '../../environment.ts';
import { SlurmCommands, slurmEnvironment } from './commands.ts';

/** Slurm's commands, with just the surroundings that jobs may inherit. */
export function slurmCommands(): SlurmCommands {
  return new SlurmCommands({ ...inheritedEnvironment(), ...slurmEnvironment() });
}
