import { processStat } from '../../cache/process-stat.ts';

/** Whether a process can still do something: one that ended and was not waited for cannot. */
export function isRunning(pid: number): boolean {
  const stat = processStat(pid);
  return stat !== undefined && !stat.hasEnded;
}
