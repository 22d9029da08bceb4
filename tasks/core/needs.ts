import { constants, statfsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

/** Something that a task needs of the place where it runs, and that can be looked for before anything starts. */
export interface Need {
  /** What is missing, in words that follow the task's name and a colon; undefined when it is there. */
  readonly missing: (place: Place) => Promise<string | undefined>;
  /** What to do where it is missing; pasted as it stands. */
  readonly advice: string;
}

export interface Place {
  /** The store's folder, where outputs come to lie. */
  readonly storeRoot: string;
  /** Jobs run on other hosts, where the site sets up what they find: programs that are missing here say nothing. */
  readonly isElsewhere?: boolean;
}

/** A program on PATH. */
export function program(name: string, advice: string): Need {
  return {
    advice,
    missing: async ({ isElsewhere }) =>
      isElsewhere || (await findProgram(name)) !== undefined ? undefined : `${name} is not on PATH`,
  };
}

/** Room on the disk of the store, or on that of `folder`, which need not exist yet. */
export function freeDisk({ bytes, what, folder }: { bytes: number; what: string; folder?: string }): Need {
  return {
    advice: 'Free some space, or choose another disk with --store.',
    missing: async ({ storeRoot }) => {
      const at = folder ?? storeRoot;
      const free = freeBytes(at);
      if (free >= bytes) return undefined;
      return `${what} takes ${gigabytes(bytes)} and ${at} has ${gigabytes(free)} free`;
    },
  };
}

/** A file or folder of the user's. */
export function fileAt(path: string, { what, advice }: { what: string; advice: string }): Need {
  return {
    advice,
    missing: async () => ((await isThere(path, constants.R_OK)) ? undefined : `${what} is not there: ${path}`),
  };
}

/** The path of a program on PATH. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    if (await isThere(path, constants.X_OK)) return path;
  }
  return undefined;
}

/** Of the disk on which a folder lies, or would lie. */
export function freeBytes(folder: string): number {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(at);
      return bavail * bsize;
    } catch (error) {
      if (at === dirname(at)) throw error; // not even the root can be asked
    }
  }
}

function isThere(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false, // not there, or not for us
  );
}

function gigabytes(bytes: number): string {
  return bytes >= 1e12 ? `${(bytes / 1e12).toFixed(1)} TB` : `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
}
