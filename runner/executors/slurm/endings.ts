import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Change, Job, Usage } from '../executor.ts';
import type { LingeringJobs } from './lingering-jobs.ts';
import type { Verdict } from './queue/classify.ts';
import { beginningOf, type ExitRecord } from './script/exit-record.ts';
import { copyOf, type SlurmJob } from './jobs/slurm-job.ts';
import type { SlurmJobs } from './jobs/slurm-jobs.ts';
import { startedChange } from './jobs/started-change.ts';

/** What a job wrote down of its own end, and the folder of the copy that did. */
export interface OwnWord {
  readonly record: ExitRecord;
  readonly folder: string;
}

/** Ends what is known of a job. */
export class Endings {
  readonly #jobs: SlurmJobs;
  readonly #lingering: LingeringJobs | undefined;

  constructor(jobs: SlurmJobs, lingering: LingeringJobs | undefined) {
    this.#jobs = jobs;
    this.#lingering = lingering;
  }

  /** Nothing more comes: gives what is to be told of its end, with what its copy wrote. */
  end(slurmJob: SlurmJob, verdict: Verdict, ownWord?: OwnWord): Change[] {
    const { job, row } = slurmJob;
    this.#jobs.remove(slurmJob);
    const { code, signal, cause, detail } = verdict;
    // A job that was taken over may have some: only its first driver knew.
    if (Object.keys(job.secrets).length > 0 || job.command.args.length === 0) {
      rmSync(join(job.folder, 'secrets'), { force: true });
    }
    if (job.shared && cause !== 'node-failed' && cause !== 'lost') forgetUsers(job.shared);
    if (slurmJob.restarts > 0 || cause === 'node-failed' || cause === 'lost') this.#lingering?.add(slurmJob.as);
    const record = ownWord?.record;
    const number = record ? Number(record.copy) : Math.max(0, beginningOf(job.folder).copies - 1);
    const copy = copyOf(job, number, record?.out || undefined);
    const exited: Change = {
      type: 'exited',
      job,
      exit: { code, signal, cancelled: cause === 'cancelled', cause, detail, usage: usageOf(slurmJob, record) },
      copy: ownWord ? { ...copy, folder: ownWord.folder, entries: ownWord.record.entries } : copy,
    };
    if (slurmJob.isStarted || !record) return [exited];
    return [startedChange(job, { host: record.host, copy: number, outName: record.out, at: row?.startsAt }), exited];
  }
}

function usageOf({ row, startedAt }: SlurmJob, record: ExitRecord | undefined): Usage {
  return {
    host: record?.host || row?.nodes || undefined,
    seconds: record ? record.hundredths / 100 : startedAt && (Date.now() - startedAt) / 1000,
    cpuSeconds: record && record.used / 100,
    peakMemoryGb: record && record.peak > 0 ? record.peak / 2 ** 30 : undefined,
  };
}

/** The copy has ended for certain: the next may go on in the same folder. */
function forgetUsers({ work, epoch }: NonNullable<Job['shared']>): void {
  try {
    for (const name of readdirSync(work))
      if (name.startsWith(`user.${epoch}.`)) rmSync(join(work, name), { force: true });
  } catch {
    // Not there: the job never began.
  }
}
