import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type StreamSpec, streamOf } from '../tasks/core/stream.ts';
import type { Item } from './dataflow.ts';
import type { Cost, Failure } from './events.ts';
import type { Copy, Executor, Exit } from './executors/executor.ts';
import type { StagedJob } from './stage.ts';

/** A job on its way, and what is known of it by now. */
export interface Running {
  readonly job: StagedJob;
  readonly executor: Executor;
  readonly frozen: boolean;
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
  broken: Failure | undefined;
  /** It has ended, and is being looked at. */
  isEnding: boolean;
}

export function newRunning(job: StagedJob, executor: Executor, frozen: boolean): Running {
  const streams = Object.entries(job.prepared.spec.outputs).flatMap(([name, type]) => {
    const stream = streamOf(type);
    return stream ? [[name, stream] as const] : [];
  });
  return {
    job,
    executor,
    frozen,
    startedAt: performance.now(),
    copy: undefined,
    streams,
    items: new Map(),
    scan: Promise.resolve(),
    scanning: false,
    scanAt: 0,
    broken: undefined,
    isEnding: false,
  };
}

/** The job with the places where the copy that counts writes. */
export function settled({ job, copy }: Running): StagedJob {
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

/** What a job held, and what it used of it as far as that is known. */
export function costOf({ resources }: StagedJob, seconds: number, { usage }: Exit): Cost {
  const { gpus = 0, cpus = 1, memoryGb, nodes = 1 } = resources;
  return {
    ...(usage?.host === undefined ? {} : { host: usage.host }),
    seconds,
    gpus,
    cpus: cpus * nodes,
    ...(memoryGb === undefined ? {} : { memoryGb }),
    ...(usage?.cpuSeconds === undefined ? {} : { cpuSeconds: usage.cpuSeconds }),
    ...(usage?.peakMemoryGb === undefined ? {} : { peakMemoryGb: usage.peakMemoryGb }),
  };
}
