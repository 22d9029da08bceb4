import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { freeBytes } from '../../cache/file-system.ts';
import { sizeInWords } from './size-in-words.ts';

/** Something that a task needs of the host where its job runs, and that can be looked for before anything starts. */
export interface Need {
  /** What is missing, in words that follow the task's name and a colon; undefined when it is there. */
  readonly missing: (host: JobHost) => Promise<string | undefined>;
  /** What to do where it is missing; pasted as it stands. */
  readonly advice: string;
  /** Without it, what the task observes cannot be looked at either, so that is not tried. */
  readonly isForLooking?: boolean;
}

export interface JobHost {
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
    advice:
      folder === undefined
        ? 'Free some space, or choose another disk with --store.'
        : 'Free some space there, or choose a folder on another disk.',
    missing: async ({ storeRoot }) => {
      const at = folder ?? storeRoot;
      const free = freeBytes(at);
      if (free >= bytes) return undefined;
      return `${what} takes ${sizeInWords(bytes)} and ${at} has ${sizeInWords(free)} free`;
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

/** A host by its name. Behind a proxy names may mean nothing here, so then it is taken for reachable. */
export function reachable(host: string, advice: string): Need {
  return {
    advice,
    isForLooking: true,
    missing: async () => {
      const proxy = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].some((name) => process.env[name]);
      if (proxy) return undefined;
      const { lookup } = await import('node:dns/promises');
      const address = await lookup(host).catch(() => undefined); // no network, or no such host: said below
      return address ? undefined : `${host} cannot be reached`;
    },
  };
}

/** Where a program is on PATH, or on another list of folders. */
export async function findProgram(name: string, path = process.env.PATH): Promise<string | undefined> {
  for (const folder of (path ?? '').split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    if (await isThere(file, constants.X_OK)) return file;
  }
  return undefined;
}

export function isThere(path: string, mode = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false, // not there, or not for us
  );
}
