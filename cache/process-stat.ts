import { readdirSync, readFileSync } from 'node:fs';

/** A process as Linux tells of it in `/proc/PID/stat` (man 5 proc). */
export interface ProcessStat {
  /** It can do nothing more: its parent has not taken note of its end yet. */
  readonly hasEnded: boolean;
  readonly parent: number;
  readonly group: number;
  /** It belongs to a terminal: a person may sit at it. */
  readonly hasTerminal: boolean;
  /** When it started, in clock ticks since the machine did: tells it from a later process with the same id. */
  readonly startTicks: string;
}

/** Undefined when it is gone, when it is hidden from this user, and where there is no /proc. */
export function processStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The name, in parentheses, may itself hold parentheses, blanks and line breaks: what is counted on stands after the last one. */
export function parseProcessStat(text: string): ProcessStat {
  const [state = '', parent, group, , terminal, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    hasEnded: state === 'Z' || state === 'X',
    parent: Number(parent),
    group: Number(group),
    hasTerminal: terminal !== undefined && terminal !== '0',
    startTicks: rest[14] ?? '',
  };
}

/** All that run now, as far as this user may see them; none where there is no /proc. */
export function processIds(): number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}
