import { readFileSync } from 'node:fs';

/** Whether the process that had this id at `since` (milliseconds since the epoch) still lives. Ids are used again. */
export function isAliveSince(pid: number, since: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const started = startOf(pid);
  // Two seconds, because the kernel counts from a boot time that it knows to the second.
  return started === undefined || started <= since + 2000;
}

/** Kernel ticks in a second, as user space sees them: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Undefined where there is no /proc. */
function startOf(pid: number): number | undefined {
  try {
    // The name in parentheses may hold spaces; the start time is field 22, the 20th after it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const boot = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1];
    const ticks = Number(fields[19]);
    return boot === undefined || !Number.isFinite(ticks) ? undefined : (Number(boot) + ticks / ticksPerSecond) * 1000;
  } catch {
    return undefined; // no /proc here, or it has just ended
  }
}
