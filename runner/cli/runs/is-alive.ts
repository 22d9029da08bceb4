import { readFileSync } from 'node:fs';
import { processStat } from '../../../cache/process-stat.ts';

/** Whether the process that had this id at `since` (milliseconds since the epoch) still lives. Ids are used again. */
export function isAliveSince(pid: number, since: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const stat = processStat(pid);
  const boot = bootTime();
  if (stat === undefined || boot === undefined) return true;
  // Two seconds, because the kernel counts from a boot time that it knows to the second.
  return !stat.hasEnded && boot + Number(stat.startTicks) * msPerTick <= since + 2000;
}

/** Kernel ticks as user space sees them: 100 in a second on every Linux that Node runs on. */
const msPerTick = 10;

/** Milliseconds since the epoch; undefined where there is no /proc. */
function bootTime(): number | undefined {
  try {
    const seconds = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1];
    return seconds === undefined ? undefined : Number(seconds) * 1000;
  } catch {
    return undefined;
  }
}
