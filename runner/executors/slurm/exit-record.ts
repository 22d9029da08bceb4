import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** `exit.json`, as the job's own script writes it when its program has ended. */
const ExitRecord = z.object({
  code: z.int(),
  /** The signal with which Slurm told it that its time is about to end (`USR1`) or over (`TERM`); empty when it ended by itself. */
  told: z.enum(['', 'USR1', 'TERM']),
  /** What ended: the program, or what came before it (`gpus`, `folder`, `setup`, `secrets`). */
  why: z.string(),
  job: z.string(),
  copy: z.string(),
  host: z.string(),
  /** The name of the folder that it wrote shared outputs to. */
  out: z.string(),
  /** Files and folders in its outputs. */
  entries: z.int(),
  /** Most memory that it held at one time, in bytes; 0 when the node does not tell. */
  peak: z.number(),
  began: z.number(),
  ended: z.number(),
  /** User and system time of what it ran, as `times` of a shell writes them. */
  used: z.string(),
});
export type ExitRecord = z.infer<typeof ExitRecord>;

const Started = z.object({ copy: z.string(), host: z.string(), out: z.string(), began: z.number() });
export type Started = z.infer<typeof Started>;

/** Where a copy of a job writes; copies are counted from 0. */
export function copyFolder(folder: string, copy: number): string {
  return copy <= 0 ? folder : join(folder, `again-${copy}`);
}

/** The record of this copy; else of an earlier one that ended well, after which the later had nothing to do. */
export function readExit(folder: string, newest: number): { record: ExitRecord; folder: string } | undefined {
  for (let copy = newest; copy >= 0; copy -= 1) {
    const place = copyFolder(folder, copy);
    const record = parsed(ExitRecord, join(place, 'exit.json'));
    if (record && (copy === newest || isDone(record))) return { record, folder: place };
  }
  return undefined;
}

/** It came to its end by itself, and well. */
export function isDone({ code, told, why }: ExitRecord): boolean {
  return code === 0 && told === '' && why === 'program';
}

export function readStarted(folder: string, copy: number): Started | undefined {
  return parsed(Started, join(copyFolder(folder, copy), 'started.json'));
}

/** How many copies of the job have begun. */
export function copiesIn(folder: string): number {
  try {
    const numbers = readdirSync(join(folder, 'begun')).map((name) => Number(/^copy\.(\d+)$/.exec(name)?.[1] ?? -1));
    return Math.max(0, ...numbers.map((number) => number + 1));
  } catch {
    return 0; // none, or not visible yet
  }
}

/** Whether a Slurm job has taken this attempt's work; `withdrawn` when a driver took it so that none can. */
export function beginningOf(folder: string): 'open' | 'withdrawn' | 'begun' {
  try {
    return readdirSync(join(folder, 'begun')).length > 0 ? 'begun' : 'withdrawn';
  } catch {
    return 'open';
  }
}

/** `1m2.5s 0m0.1s` in seconds. */
export function cpuSecondsOf({ used }: ExitRecord): number | undefined {
  const parts = [...used.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  );
  return parts.length === 2 ? (parts[0] as number) + (parts[1] as number) : undefined;
}

function parsed<T>(schema: z.ZodType<T>, path: string): T | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined; // not there, or not visible yet: it is renamed into place whole
  }
}
