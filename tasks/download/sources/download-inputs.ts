import { z } from 'zod';
import type { Need } from '../../core/needs.ts';
import { program, reachable } from '../../core/needs.ts';
import { uncounted } from '../../core/uncounted.ts';

/** `sha256:` and 64 hex digits. */
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a digest is sha256: and 64 hex digits');

/** What a bucket is asked through; `auto` is https, and the first program there is when the bucket is not public. */
export const downloadClients = ['auto', 'https', 'gcloud', 'gsutil', 'aws'] as const;
export type DownloadClient = (typeof downloadClients)[number];

/** The inputs of all tasks that download, besides the address. */
export const downloadInputs = {
  /** Globs of names that are wanted, all by default; `**` goes across folders. */
  include: z.array(z.string()).default([]),
  exclude: z.array(z.string()).default([]),
  /** Pins what the address must list: plans then ask nothing of the network. A download prints it. */
  listing: digest.optional(),
  via: uncounted(z.enum(downloadClients).default('auto')),
  /** Connections, or programs, at a time. */
  parallel: uncounted(z.int().min(1).max(64).default(8)),
  /** Reads what is there in full instead of trusting what was noted of it. */
  checkData: uncounted(z.boolean().default(false)),
};

interface Asked {
  readonly from?: string | undefined;
  readonly via?: DownloadClient | undefined;
  readonly listing?: string | undefined;
}

/** What an address needs, by its scheme: a program, or the network. A pinned listing may all be there already. */
export function accessNeeds({ from, via, listing }: Asked): Need[] {
  if (via === 'gcloud' || via === 'gsutil') return [program(via, 'Install the Google Cloud CLI, or leave out `via`.')];
  if (via === 'aws') return [program('aws', 'Install the AWS command line, or leave out `via`.')];
  const isRsync = from !== undefined && (from.startsWith('rsync://') || /^[\w.@-]{2,}:(?!\/\/)/.test(from));
  if (isRsync) return [program('rsync', 'Install it: apt-get install rsync.')];
  const host = from === undefined || listing !== undefined ? undefined : hostOf(from);
  return host === undefined ? [] : [reachable(host, 'Connect to the network, or set https_proxy.')];
}

/** Undefined for what is on this machine, and where another endpoint was set. */
function hostOf(from: string): string | undefined {
  const scheme = /^([a-z0-9]+):\/\//.exec(from)?.[1];
  const endpoints: Readonly<Record<string, readonly [variable: string, host: string]>> = {
    gs: ['STORAGE_EMULATOR_HOST', 'storage.googleapis.com'],
    s3: ['AWS_ENDPOINT_URL', 's3.amazonaws.com'],
    hf: ['HF_ENDPOINT', 'huggingface.co'],
  };
  const [variable, host] = endpoints[scheme ?? ''] ?? [];
  if (variable !== undefined) return process.env[variable] ? undefined : host;
  return /^https?:\/\/([^/:?#@]+)/.exec(from)?.[1];
}
