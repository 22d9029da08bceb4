import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/**
 * Keeps two attempts from writing to one output folder: a driver that was killed leaves its job a few seconds to live, and the
 * next attempt must not share the folder with it.
 */
const Owner = z.object({ host: z.string(), group: z.int(), start: z.string() });

export function claimFolder(folder: string, group: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'owner.json'), JSON.stringify({ host: hostname(), group, start: startOf(group) ?? '' }));
}

/** Ends what is left of the job that wrote here last, and waits until it is gone. */
export async function endFormerJob(folder: string): Promise<void> {
  const owner = readOwner(folder);
  if (!owner || owner.host !== hostname()) return;
  while (isAlive(owner)) {
    try {
      process.kill(-owner.group, 'SIGKILL');
    } catch {
      break; // gone
    }
    await delay(20);
  }
  rmSync(join(folder, 'owner.json'), { force: true });
}

/**
 * Whether a process of the group can still write. The leader may be gone while its children write on; a group id is not given
 * to others as long as it has members. What has ended and was not waited for by its parent does not count.
 */
function isAlive({ group, start }: z.infer<typeof Owner>): boolean {
  const leader = startOf(group);
  if (leader !== undefined && leader !== start) return false; // the id belongs to somebody else now
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  const states = statesIn(group);
  return states === undefined || states.some((state) => state !== 'Z' && state !== 'X');
}

/** The states of a group's processes; undefined on a system without /proc. */
function statesIn(group: number): string[] | undefined {
  if (!existsSync('/proc/self/stat')) return undefined;
  return readdirSync('/proc').flatMap((pid) => {
    const [state, , ofGroup] = /^\d+$/.test(pid) ? statOf(pid) : [];
    return state !== undefined && Number(ofGroup) === group ? [state] : [];
  });
}

function readOwner(folder: string): z.infer<typeof Owner> | undefined {
  try {
    return Owner.parse(JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')));
  } catch {
    return undefined; // nobody wrote here, or was killed before it began
  }
}

/** When a process started, in clock ticks since boot: tells it from a later one with the same id. */
function startOf(pid: number): string | undefined {
  return statOf(String(pid))[19];
}

/** State, parent, group and so on (man 5 proc, from the third field); nothing when it is gone, or there is no /proc. */
function statOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
