import type { Doors } from '../executors/door.ts';

/** The executors that come with the program, a line for each; the command line hands them to all that asks for one. */
export const builtIn: Doors = {
  local: async () => (await import('../executors/local/door.ts')).localDoor,
  slurm: async () => (await import('../executors/slurm/door.ts')).slurmDoor,
};
