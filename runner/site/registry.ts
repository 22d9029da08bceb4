import type { Door } from '../executors/door.ts';

/** The executors that come with the program, a line for each. Light: the command line names them before anything is loaded. */
export const builtIn: Readonly<Record<string, () => Promise<Door>>> = {
  local: async () => (await import('../executors/local/door.ts')).localDoor,
  slurm: async () => (await import('../executors/slurm/door.ts')).slurmDoor,
};

/** Where jobs run when nobody says anything; it hosts services. */
export const defaultExecutor = 'local';
