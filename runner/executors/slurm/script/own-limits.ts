import { readFileSync } from 'node:fs';

/** Limits that decide what a program does and that nobody sets for a reason of the place: by its name for the system, and for `ulimit`. */
const kept = [
  { name: 'Max stack size', flag: 's', unit: 1024 },
  { name: 'Max open files', flag: 'n', unit: 1 },
  { name: 'Max core file size', flag: 'c', unit: undefined },
] as const;

/** Shell lines that give a job the limits that it would have as a child of this process, or as much as its node allows. */
export function limitsText(limits = textOfLimits()): string[] {
  return kept.flatMap(({ name, flag, unit }) => {
    const [, soft] = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(limits) ?? [];
    if (soft === undefined) return [];
    // Shells do not agree on the unit of core files.
    const isSayable = unit !== undefined || soft === '0' || soft === 'unlimited';
    const value = soft === 'unlimited' ? soft : String(Math.floor(Number(soft) / (unit ?? 1)));
    return isSayable ? [`ulimit -S -${flag} ${value} 2>/dev/null || ulimit -S -${flag} "$(ulimit -H -${flag})"`] : [];
  });
}

/** Of this process; empty where the system does not say. */
function textOfLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
