import { join } from 'node:path';

/** Where a job writes, as its command was told. */
export interface Told {
  /** Absolute. */
  readonly folder: string;
  /** Absolute: the parent of shared outputs. */
  readonly sharedOut?: string | undefined;
}

/** Where one copy of a job writes instead. */
export interface CopyPlace {
  readonly here: string;
  readonly out: string;
}

/** An output path as told, for the copy. */
export function inCopy(path: string, { folder, sharedOut }: Told, { here, out }: CopyPlace): string {
  if (sharedOut !== undefined) return path.startsWith(sharedOut) ? out + path.slice(sharedOut.length) : path;
  const own = join(folder, 'out.');
  return path.startsWith(own) ? join(here, `out.${path.slice(own.length)}`) : path;
}
