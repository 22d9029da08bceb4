import { z } from 'zod';
import type { Need } from '../../core/needs.ts';
import { program } from '../../core/needs.ts';
import { uncounted } from '../../core/uncounted.ts';

/** `sha256:` and 64 hex digits. */
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a digest is sha256: and 64 hex digits');

/** How a bucket is reached; `auto` is over https, and through the first program there is when it is not public. */
export const ways = ['auto', 'https', 'gcloud', 'gsutil', 'aws'] as const;
export type Way = (typeof ways)[number];

/** What all tasks that download a place ask for besides its address. */
export const placeInputs = {
  /** Globs of names that are wanted, all by default; `**` goes across folders. */
  include: z.array(z.string()).default([]),
  exclude: z.array(z.string()).default([]),
  /** Pins what the place must hold: plans then ask nothing of the network. A download prints it. */
  listing: digest.optional(),
  via: uncounted(z.enum(ways).default('auto')),
  /** Connections, or programs, at a time. */
  parallel: uncounted(z.int().min(1).max(64).default(8)),
  /** Reads what is there in full instead of trusting what was noted of it. */
  checkData: uncounted(z.boolean().default(false)),
};

/** The programs that an address needs, by its scheme. */
export function programsFor(from: string | undefined, via: Way | undefined): Need[] {
  if (via === 'gcloud' || via === 'gsutil') return [program(via, 'Install the Google Cloud CLI, or leave out `via`.')];
  if (via === 'aws') return [program('aws', 'Install the AWS command line, or leave out `via`.')];
  const isRsync = from !== undefined && (from.startsWith('rsync://') || /^[\w.@-]{2,}:(?!\/\/)/.test(from));
  return isRsync ? [program('rsync', 'Install it: apt-get install rsync.')] : [];
}
