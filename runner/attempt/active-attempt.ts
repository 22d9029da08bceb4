import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Resources } from '../../tasks/core/resources.ts';
import { type StreamSpec, streamOf } from '../../tasks/core/stream.ts';
import type { Cost, Failure } from '../log/events.ts';
import type { Copy, Executor, Exit, Submitted } from '../executors/executor.ts';
import type { Submission } from '../log/submissions.ts';
import type { Tries } from '../log/tries.ts';
import type { Item } from '../values/output.ts';
import type { StagedJob } from '../job/stage.ts';

/** A job on its way, and what is known of it by now. */
export interface ActiveAttempt {
  readonly job: StagedJob;
  readonly executor: Executor;
  readonly executorName: string;
  readonly frozen: boolean;
  readonly tries: Tries;
  startedAt: number;
  /** Where the copy that counts writes. */
  copy: Copy | undefined;
  readonly streams: readonly (readonly [string, StreamSpec])[];
  readonly items: Map<string, Item[]>;
  /** Scans of one job never overlap. */
  scan: Promise<void>;
  scanning: boolean;
  /** Earliest next look for items, by the monotonic clock, in milliseconds. */
  scanAt: number;
  /** The state of items that could not be taken, by path. */
  readonly failed: Map<string, string>;
  broken: Failure | undefined;
  /** It has ended, and is being looked at. */
  isEnding: boolean;
}

/** What is known of an attempt from the first. */
export type AttemptStart = Pick<ActiveAttempt, 'job' | 'executor' | 'executorName' | 'frozen' | 'tries'>;

export function newActiveAttempt({ job, executor, executorName, frozen, tries }: AttemptStart): ActiveAttempt {
  const streams = Object.entries(job.call.spec.outputs).flatMap(([name, type]) => {
    const stream = streamOf(type);
    return stream ? [[name, stream] as const] : [];
  });
  return {
    job,
    executor,
    executorName,
    frozen,
    tries,
    startedAt: performance.now(),
    copy: undefined,
    streams,
    items: new Map(),
    scan: Promise.resolve(),
    scanning: false,
    scanAt: 0,
    failed: new Map(),
    broken: undefined,
    isEnding: false,
  };
}

/** The job with the places where the copy that counts writes. */
export function settled({ job, copy }: ActiveAttempt): StagedJob {
  if (!copy) return job;
  return { ...job, folder: copy.folder, out: outOf(job, copy), outFolder: copy.out(job.outFolder) };
}

export function outOf(job: StagedJob, copy: Copy | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(job.out).map(([name, path]) => [name, copy?.out(path) ?? path]));
}

/** What later copies of a job wrote. */
export function againFolders(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => (name.startsWith('again-') ? [join(folder, name)] : []));
}

/** What a job with these resources holds, on all nodes together. */
export function heldBy({ gpus = 0, cpus = 1, nodes = 1 }: Resources): Pick<Cost, 'gpus' | 'cpus'> {
  return { gpus, cpus: cpus * nodes };
}

/** What a job held, and what it used of it as far as that is known. */
export function costOf({ resources }: StagedJob, seconds: number, { usage }: Exit): Cost {
  const { memoryGb } = resources;
  return {
    ...(usage?.host === undefined ? {} : { host: usage.host }),
    seconds,
    ...heldBy(resources),
    memoryGb,
    ...(usage?.cpuSeconds === undefined ? {} : { cpuSeconds: usage.cpuSeconds }),
    ...(usage?.peakMemoryGb === undefined ? {} : { peakMemoryGb: usage.peakMemoryGb }),
  };
}

/** What is to be remembered of a job before a scheduler is asked to take it. */
export function submissionOf(
  { job, executorName, tries }: Pick<ActiveAttempt, 'job' | 'executorName' | 'tries'>,
  { name, index, pack }: Submitted,
  run: string,
): Submission {
  const { fingerprint, instance } = job.call;
  return {
    format: 3,
    executor: executorName,
    fingerprint,
    token: job.token,
    name,
    index,
    pack,
    run,
    address: instance.address,
    label: instance.label,
    attempt: job.attempt,
    folder: job.folder,
    resources: { ...job.resources },
    ...(job.shared ? { epoch: job.shared.epoch } : {}),
    resuming: job.resuming,
    tries,
  };
}
