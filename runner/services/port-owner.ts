import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { processIds, processStat } from '../../cache/process-stat.ts';

/** Listening, in the fourth column of /proc/net/tcp (man 5 proc). */
const listening = '0A';

/**
 * Whether a port is listened to by a process outside of the group, as far as /proc tells: a server that somebody else started
 * must not be taken for ours. False where it cannot be known: on other systems, and for processes of other users.
 */
export function isForeign(port: number, group: number): boolean {
  const sockets = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeners(table, port)));
  if (sockets.size === 0) return false;
  const owners = processIds().filter((pid) => holds(pid, sockets));
  return owners.length > 0 && owners.every((pid) => processStat(pid)?.group !== group);
}

/** The sockets that listen on a port, as they are called in /proc/PID/fd. */
function listeners(table: string, port: number): string[] {
  if (!existsSync(table)) return [];
  const rows = readFileSync(table, 'utf8').split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/);
    const isOurs = state === listening && Number.parseInt(local.split(':')[1] ?? '', 16) === port;
    return isOurs ? [`socket:[${inode}]`] : [];
  });
}

function holds(pid: number, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(readlink(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false; // gone, or somebody else's
  }
}

function readlink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}
