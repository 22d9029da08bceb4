import { join } from 'node:path';
import { nameOf } from '../../cache/border.ts';
import type { Digest } from '../../cache/digest.ts';
import type { Store } from '../../cache/store.ts';
import { ownPath } from '../../cache/store-border.ts';
import type { Copy, Job } from '../executors/executor.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';

/** A job whose folder is ready, and where its outputs will be. */
export interface StagedJob extends Job {
  readonly call: KeyedCall;
  readonly attempt: number;
  /** Absolute paths by output name. */
  readonly out: Readonly<Record<string, string>>;
  /** The parent of the output paths; shared by all attempts at the fingerprint when they resume. */
  readonly outFolder: string;
  readonly inputFolders: readonly string[];
  readonly resuming: boolean;
  /** It runs on another host, and on without its driver. */
  readonly isRemote: boolean;
}

/** Where attempts at one fingerprint share their output folder. */
export function workFolder(store: Store, fingerprint: Digest): string {
  return ownPath(join(store.root, 'work'), nameOf(fingerprint));
}

/** Where the outputs of a call lie below a folder, by name. */
export function outPaths({ spec }: KeyedCall, outFolder: string): Record<string, string> {
  const shares = spec.onPreempt === 'resume';
  const names = Object.keys(spec.outputs);
  return Object.fromEntries(names.map((name) => [name, join(outFolder, shares ? name : `out.${name}`)]));
}

/** The job with the folders in which one copy of it writes. */
export function inCopy(job: StagedJob, copy: Copy | undefined): StagedJob {
  if (!copy) return job;
  const out = Object.fromEntries(Object.entries(job.out).map(([name, path]) => [name, copy.out(path)]));
  return { ...job, folder: copy.folder, out, outFolder: copy.out(job.outFolder) };
}
