import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../../files/read-json.ts';
import { copyFolder } from './copy-folder.ts';

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
  /** From its beginning to its end, in hundredths of a second. */
  hundredths: z.number(),
  /** User and system time of what it ran, in hundredths of a second; 0 when the node does not tell. */
  used: z.int(),
});
export type ExitRecord = z.infer<typeof ExitRecord>;

/** `started.json` of a job with shared outputs. */
const Started = z.object({ copy: z.string(), host: z.string(), out: z.string() });
export type Started = z.infer<typeof Started>;

/** The record of this copy; else of an earlier one that ended well, after which the later had nothing to do. */
export function readExit(folder: string, newest: number): { record: ExitRecord; folder: string } | undefined {
  for (let copy = newest; copy >= 0; copy -= 1) {
    const ownFolder = copyFolder(folder, copy);
    const record = readJson(join(ownFolder, 'exit.json'), ExitRecord);
    if (record && (copy === newest || isDone(record))) return { record, folder: ownFolder };
  }
  return undefined;
}

/** It came to its end by itself, and well. */
export function isDone({ code, told, why }: ExitRecord): boolean {
  return code === 0 && told === '' && why === 'program';
}

export function readStarted(folder: string, copy: number): Started | undefined {
  return readJson(join(copyFolder(folder, copy), 'started.json'), Started);
}

/** How far a job is, by the names in its folder. */
export interface Beginning {
  /** So many times it has begun. */
  readonly copies: number;
  /** A driver has taken its place, so that it never begins. */
  readonly isWithdrawn: boolean;
}

export function beginningOf(folder: string): Beginning {
  try {
    const begun = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => /^begun\.\d+$/.test(name));
    const numbers = begun.flatMap((entry) => (entry.isDirectory() ? [] : [Number(entry.name.slice('begun.'.length))]));
    return { copies: Math.max(0, ...numbers.map((number) => number + 1)), isWithdrawn: numbers.length < begun.length };
  } catch {
    return { copies: 0, isWithdrawn: false }; // not visible yet
  }
}

/** Takes the place of a job's first copy, so that none begins. False when one has begun, or another driver did it. */
export function withdrawJob(folder: string): boolean {
  try {
    mkdirSync(join(folder, 'begun.0'));
    return true;
  } catch {
    return false;
  }
}
