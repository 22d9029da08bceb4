import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Change, Job } from '../executor.ts';
import type { Endings } from './endings.ts';
import { cancelledVerdict } from './queue/classify.ts';
import type { Answer, SlurmCommands } from './queue/commands.ts';
import type { KnownCluster } from './queue/known-cluster.ts';
import { batchText } from './script/batch-text.ts';
import { slurmJobText } from './script/job-text.ts';
import { sbatchOptions } from './script/options.ts';
import { limitsText } from './script/own-limits.ts';
import { halve } from './script/secrets.ts';
import type { SlurmSite } from './script/slurm-site.ts';
import type { SlurmJob } from './jobs/slurm-job.ts';
import type { SlurmJobs } from './jobs/slurm-jobs.ts';

/** Half of a job's secrets is in this variable, the other half in its folder. */
const padVariable = 'STET_PAD';

export interface SubmitterParts {
  readonly site: SlurmSite;
  readonly commands: Pick<SlurmCommands, 'submit'>;
  readonly cluster: KnownCluster;
  readonly jobs: SlurmJobs;
  readonly endings: Endings;
}

/** What one call of `sbatch` hands over. */
export interface Batch {
  readonly slurmJobs: readonly SlurmJob[];
  readonly options: readonly string[];
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** What came of it. */
export interface SubmitOutcome {
  readonly answer: Answer<string>;
  /** To be told, in this order. */
  readonly changes: readonly Change[];
  /** Jobs that Slurm had no room for. */
  readonly putBack: readonly Job[];
}

/** Hands jobs to Slurm, as arrays. */
export class Submitter {
  readonly #parts: SubmitterParts;
  readonly #limits = limitsText();

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
  }

  /** Names the jobs and writes their scripts. Nothing is asked of Slurm yet: their names must be on record before that. */
  prepare(packs: readonly (readonly Job[])[]): Batch {
    const { site, cluster, jobs } = this.#parts;
    const all = packs.flat();
    const token = all[0]?.token ?? '';
    const name = all.length === 1 ? token : `${token}.x${all.length}`;
    const isArray = packs.length > 1;
    const isPacked = packs.some((pack) => pack.length > 1);
    const secrets = all[0]?.secrets ?? {};
    const halves = Object.keys(secrets).length > 0 ? halve(secrets) : undefined;
    const slurmJobs = packs.flatMap((pack, index) =>
      pack.map((job, turn) => {
        this.#write(job, halves?.hidden);
        return jobs.submit(job, { name, ...(isArray ? { index } : {}), ...(isPacked ? { pack: turn } : {}) });
      }),
    );
    const spelled = packs.map((pack) => pack.map((job) => cluster.spelled(job)));
    return {
      slurmJobs,
      options: sbatchOptions({ name, packs: spelled }, site),
      script: batchText(packs),
      environment: halves ? { [padVariable]: halves.pad } : {},
    };
  }

  async send({ slurmJobs, options, script, environment }: Batch): Promise<SubmitOutcome> {
    const answer = await this.#parts.commands.submit(options, script, environment);
    const perJob = slurmJobs.map((slurmJob) => this.#answered(slurmJob, answer));
    return {
      answer,
      changes: perJob.flatMap(({ changes = [] }) => changes),
      putBack: perJob.flatMap(({ putBack }) => (putBack ? [putBack] : [])),
    };
  }

  #answered(slurmJob: SlurmJob, answer: Answer<string>): { changes?: Change[]; putBack?: Job } {
    const { jobs, endings } = this.#parts;
    switch (answer.is) {
      case 'answer':
        jobs.accept(slurmJob, answer.value);
        return { changes: [{ type: 'submitted', job: slurmJob.job, as: slurmJob.as }] };
      case 'refused':
        return {
          changes: endings.end(slurmJob, { code: null, signal: undefined, cause: 'refused', detail: answer.message }),
        };
      case 'silent':
        jobs.doubt(slurmJob);
        return {};
      case 'full':
        if (slurmJob.cancelled) return { changes: endings.end(slurmJob, cancelledVerdict) };
        jobs.remove(slurmJob);
        return { putBack: slurmJob.job };
    }
  }

  #write(job: Job, hidden: string | undefined): void {
    const secrets = hidden === undefined ? undefined : { variable: padVariable, file: join(job.folder, 'secrets') };
    if (secrets) writeFileSync(secrets.file, hidden ?? '', { mode: 0o600 });
    writeFileSync(join(job.folder, 'job.sh'), slurmJobText(job, this.#parts.site, { secrets, limits: this.#limits }));
  }
}
