import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writableFiles } from '../../cache/open-files.ts';
import { type ProcessStat, processIds, processStat } from '../../cache/process-stat.ts';

/*
 * What is left of a job whose holder is gone, or that had none. A process says in its environment which job it belongs to, and so do
 * its group and what descends from it. One that has cleared its environment and lost its parent is found by the files that it
 * writes to. Nothing is found where there is no /proc.
 */

/** What a job is found by. */
export interface Traces {
  /** Its folder, as `STET_JOB` has it. */
  readonly folder: string;
  /** Where it writes besides. */
  readonly writesTo?: readonly string[];
}

/** So long processes that are killed may take to end, in milliseconds; longer only those do that hang in the kernel, or belong to another user. */
const killedWithinMs = 10_000;

/** Processes of a job that may still do something. */
export function processesOf(traces: Traces): number[] {
  const stats = livingProcesses();
  const ours = ownLine(stats);
  const found = new Set([...stats.keys()].filter((pid) => !ours.has(pid) && saysJob(pid, traces.folder)));
  for (const pid of writersOf(traces, stats)) found.add(pid);
  for (const pid of ours) found.delete(pid);
  spread(found, stats);
  for (const pid of ours) found.delete(pid);
  return [...found];
}

/** Ends what is left of a job, and gives the names of that; returns when it is gone, or cannot be ended. */
export async function endProcessesOf(traces: Traces): Promise<string[]> {
  const names = new Map<number, string>();
  for (const end = performance.now() + killedWithinMs; performance.now() < end; await delay(20)) {
    const left = stopAll(traces);
    if (left.size === 0) break;
    for (const pid of left) {
      if (!names.has(pid)) names.set(pid, nameOf(pid));
      signal(pid, 'SIGKILL');
    }
  }
  return [...names.values()];
}

/** Stopped first, all of them, or they go on to start others. */
function stopAll(traces: Traces): ReadonlySet<number> {
  const stopped = new Set<number>();
  for (;;) {
    const fresh = processesOf(traces).filter((pid) => !stopped.has(pid));
    if (fresh.length === 0) return stopped;
    for (const pid of fresh) {
      stopped.add(pid);
      signal(pid, 'SIGSTOP');
    }
  }
}

/** Tells who reads a job's log what was ended with it. */
export function noteEnded(folder: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const text = `stet: ended with the job what it had left running: ${names.join(', ')}. What is to outlive a job cannot be started by it.\n`;
  appendFileSync(join(folder, 'log.txt'), text);
}

/** As a person knows it. */
export function nameOf(pid: number): string {
  const words = textOf(`/proc/${pid}/cmdline`)
    .replaceAll(/[\0-\x20]+/g, ' ')
    .trim();
  return words === '' ? `process ${pid}` : `${words.length > 100 ? `${words.slice(0, 99)}…` : words} (process ${pid})`;
}

type Living = ReadonlyMap<number, ProcessStat>;

function livingProcesses(): Living {
  const all = processIds().map((pid) => [pid, processStat(pid)] as const);
  return new Map(all.filter((one): one is [number, ProcessStat] => one[1] !== undefined && !one[1].hasEnded));
}

/** This process, and all that it descends from. */
function ownLine(stats: Living): Set<number> {
  const line = new Set<number>();
  for (let pid: number | undefined = process.pid; pid && !line.has(pid); pid = stats.get(pid)?.parent) line.add(pid);
  return line;
}

function saysJob(pid: number, folder: string): boolean {
  return `\0${textOf(`/proc/${pid}/environ`)}`.includes(`\0STET_JOB=${folder}\0`);
}

/** A person may have a file of the job open in an editor: what belongs to a terminal is left alone. */
function writersOf({ folder, writesTo = [] }: Traces, stats: Living): number[] {
  const places = [join(folder, 'out.'), ...writesTo.map((place) => join(place, '/'))];
  const pids = [...stats].flatMap(([pid, { hasTerminal }]) => (hasTerminal ? [] : [pid]));
  return [...writableFiles(pids)].flatMap(({ pid, path }) => {
    return places.some((place) => path.startsWith(place)) ? [pid] : [];
  });
}

/** Adds what descends from those that were found, and the groups that they lead or are in. */
function spread(found: Set<number>, stats: Living): void {
  const groups = new Set([...found].flatMap((pid) => stats.get(pid)?.group ?? []));
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const [pid, { parent, group }] of stats) {
      if (!found.has(parent) && !groups.has(group)) continue;
      found.add(pid);
      groups.add(group);
    }
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // gone; or of another user, which shows when it does not go
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // gone, or somebody else's
  }
}
