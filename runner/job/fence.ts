import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { processIds, processStat } from '../../cache/process-stat.ts';
import { readJson } from '../files/read-json.ts';

/**
 * Keeps two attempts from writing to one output folder: a driver that was killed leaves its job a few seconds to live, and the
 * next attempt must not share the folder with it.
 */
const Owner = z.object({ host: z.string(), group: z.int(), start: z.string() });

/** `group` is of a process on `host`; of one elsewhere nobody here can tell whether it lives, nor end it. */
export function claimFolder(folder: string, group: number, host = hostname()): void {
  if (host !== hostname()) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'owner.json'),
    JSON.stringify({ host: hostname(), group, start: processStat(group)?.startTicks ?? '' }),
  );
}

/** Ends what is left of the job that wrote here last, and waits until it is gone. */
export async function endFormerJob(folder: string): Promise<void> {
  const owner = readJson(join(folder, 'owner.json'), Owner); // none: nobody wrote here, or was killed before it began
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
  const leader = processStat(group)?.startTicks;
  if (leader !== undefined && leader !== start) return false; // the id belongs to somebody else now
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  if (!processStat(process.pid)) return true; // a system without /proc tells no more
  return processIds().some((pid) => {
    const stat = processStat(pid);
    return stat?.group === group && !stat.hasEnded;
  });
}
