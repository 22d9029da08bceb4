import type { Job, Submitted } from '../../executor.ts';
import type { QueueRow } from '../queue/queue-text.ts';
import type { SlurmJob } from './slurm-job.ts';

/** What a line of the queue says of a job that it did not say before. */
export interface News {
  readonly isNewId: boolean;
  readonly isNewState: boolean;
  /** Slurm counts more restarts than before. */
  readonly isRestarted: boolean;
}

/**
 * The jobs that this driver has handed to Slurm, or is handing over, and whose end was not told yet. They are told apart by their
 * tokens: any copy of a job stands for it. Their fields change here and nowhere else.
 */
export class SlurmJobs {
  readonly #byToken = new Map<string, Changing>();

  get size(): number {
    return this.#byToken.size;
  }

  find({ token }: Job): SlurmJob | undefined {
    return this.#byToken.get(token);
  }

  /** Its end was not told yet. */
  has({ job }: SlurmJob): boolean {
    return this.#byToken.has(job.token);
  }

  /** Those that Slurm may know: all but the ones that are being submitted right now. */
  handedOver(): SlurmJob[] {
    return [...this.#byToken.values()].filter(({ phase }) => phase !== 'submitting');
  }

  /** All elements of an array, or jobs of a pack, have one name. */
  named(name: string): SlurmJob[] {
    return [...this.#byToken.values()].filter(({ as }) => as.name === name);
  }

  /** It is about to be submitted under this name. */
  submit(job: Job, as: Submitted): SlurmJob {
    const slurmJob = newSlurmJob(job, as, 'submitting');
    this.#byToken.set(job.token, slurmJob);
    return slurmJob;
  }

  /** An earlier driver submitted it, or was about to. What is in the table already stays as it is. */
  adopt(job: Job, as: Submitted): void {
    if (!this.#byToken.has(job.token)) this.#byToken.set(job.token, newSlurmJob(job, as, 'unsure'));
  }

  remove({ job }: SlurmJob): void {
    this.#byToken.delete(job.token);
  }

  /** Slurm has it. */
  accept(slurmJob: SlurmJob, id: string): void {
    const own = changing(slurmJob);
    own.phase = 'submitted';
    own.as = { ...own.as, id };
  }

  /** No answer came to its submission. */
  doubt(slurmJob: SlurmJob): void {
    changing(slurmJob).phase = 'unsure';
  }

  /** Somebody wants it to end. */
  askToCancel(slurmJob: SlurmJob): void {
    changing(slurmJob).cancelled = 'asked';
  }

  /** Slurm was told to end it. */
  toldToCancel(slurmJob: SlurmJob): void {
    changing(slurmJob).cancelled = 'told';
  }

  /** The queue shows it. */
  show(slurmJob: SlurmJob, row: QueueRow): News {
    const own = changing(slurmJob);
    const news = {
      isNewId: own.as.id !== row.id,
      isNewState: own.row?.state !== row.state,
      isRestarted: row.restarts > own.restarts,
    };
    own.row = row;
    own.phase = 'submitted';
    own.restarts = Math.max(own.restarts, row.restarts);
    if (news.isNewId) own.as = { ...own.as, id: row.id };
    return news;
  }

  begin(slurmJob: SlurmJob, startedAt: number | undefined): void {
    const own = changing(slurmJob);
    own.isStarted = true;
    own.startedAt = startedAt;
  }

  /** It went back into the queue after so many copies of it had begun. */
  requeue(slurmJob: SlurmJob, copiesBefore: number): void {
    const own = changing(slurmJob);
    own.isStarted = false;
    own.copiesBefore = copiesBefore;
  }

  /** How long its own word, or any sign of it, has been missing by now, in seconds. */
  missingSeconds(slurmJob: SlurmJob, now: number): number {
    const own = changing(slurmJob);
    own.missingSince ??= now;
    return now - own.missingSince;
  }

  /** How long nothing was heard of it by now, in seconds; `beat` is its last sign of life. */
  silentSeconds(slurmJob: SlurmJob, beat: string, now: number): number {
    const own = changing(slurmJob);
    if (beat !== own.beat) own.missingSince = now;
    own.beat = beat;
    return this.missingSeconds(slurmJob, now);
  }

  /** It is there and not over: nothing of it is missed. */
  unmiss(slurmJob: SlurmJob): void {
    changing(slurmJob).missingSince = undefined;
  }
}

type Changing = { -readonly [Field in keyof SlurmJob]: SlurmJob[Field] };

/** The table made it, so it may change it. */
function changing(slurmJob: SlurmJob): Changing {
  return slurmJob;
}

function newSlurmJob(job: Job, as: Submitted, phase: SlurmJob['phase']): Changing {
  return {
    job,
    as,
    isPacked: as.pack !== undefined,
    phase,
    isStarted: false,
    restarts: 0,
    copiesBefore: 0,
    cancelled: false,
    row: undefined,
    missingSince: undefined,
    beat: '',
    startedAt: undefined,
  };
}
