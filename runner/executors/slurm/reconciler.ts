import type { Change, EndCause } from '../executor.ts';
import { type Clock, monotonic } from './pace/clock.ts';
import type { Endings } from './endings.ts';
import {
  cancelledVerdict,
  type Standing,
  standingOf,
  type Verdict,
  verdictOf,
  withoutRecord,
} from './queue/classify.ts';
import type { Listing } from './queue/listing.ts';
import type { QueueRow } from './queue/queue-text.ts';
import { beginningOf, type ExitRecord, readExit, readStarted } from './script/exit-record.ts';
import type { SlurmSite } from './script/slurm-site.ts';
import type { SlurmJob } from './jobs/slurm-job.ts';
import type { SlurmJobs } from './jobs/slurm-jobs.ts';
import { startedChange } from './jobs/started-change.ts';
import type { Sweeper } from './sweeper.ts';

/** A submission whose answer was lost may show up late: so long it is waited for before it is given up, in seconds. */
const lateSeconds = 3;

export interface ReconcilerParts {
  readonly site: SlurmSite;
  readonly jobs: SlurmJobs;
  readonly sweeper: Sweeper;
  readonly endings: Endings;
  readonly now?: Clock;
}

/** What a line of the queue comes to. */
export interface Observation {
  /** To be told, in this order. */
  readonly changes: readonly Change[];
  readonly isNewState: boolean;
  /** Its end is told, and yet it stands in the queue: Slurm is to be told that it goes. */
  readonly isStuck: boolean;
}

/** Follows each job from what Slurm says of it, and from what it left in its folder, to its end. */
export class Reconciler {
  readonly #site: SlurmSite;
  readonly #jobs: SlurmJobs;
  readonly #sweeper: Sweeper;
  readonly #endings: Endings;
  readonly #now: Clock;

  constructor({ site, jobs, sweeper, endings, now = monotonic }: ReconcilerParts) {
    this.#site = site;
    this.#jobs = jobs;
    this.#sweeper = sweeper;
    this.#endings = endings;
    this.#now = now;
  }

  /** What the queue says of it now. */
  observe(slurmJob: SlurmJob, row: QueueRow): Observation {
    const { isNewId, isNewState, isRestarted } = this.#jobs.show(slurmJob, row);
    const standing = standingOf(row);
    if (standing.is !== 'over') this.#jobs.unmiss(slurmJob);
    const changes: Change[] = [
      ...(isNewId ? [{ type: 'submitted' as const, job: slurmJob.job, as: slurmJob.as }] : []),
      ...(isRestarted ? this.#requeued(slurmJob, row) : []),
      ...this.#stands(slurmJob, row, standing),
    ];
    return { changes, isNewState, isStuck: standing.is === 'stuck' };
  }

  /** Slurm says that it is over. */
  over(slurmJob: SlurmJob, row: QueueRow): Change[] {
    const { job, isPacked } = slurmJob;
    const { copies } = beginningOf(job.folder);
    const ownWord = readExit(job.folder, copies - 1);
    const isEnough = isPacked && ownWord !== undefined && !wantsReason(ownWord.record);
    const verdict = verdictOf(isEnough ? undefined : row, ownWord?.record, ending(slurmJob));
    if (verdict) return this.#endings.end(slurmJob, verdict, ownWord);
    if (isPacked && this.#sweeper.withdraw(slurmJob))
      return this.#endings.end(slurmJob, neverBegan(`the pack ended before its turn (${row.state})`));
    return this.#isOverdue(slurmJob) ? this.#endings.end(slurmJob, withoutRecord(row)) : [];
  }

  /** Slurm does not know it: it was purged, lost in a crash, cancelled while it waited in an array, or never came. */
  forgotten(slurmJob: SlurmJob, listing: Listing): Change[] {
    const { job, as, phase, cancelled } = slurmJob;
    const { copies, isWithdrawn } = beginningOf(job.folder);
    const ownWord = readExit(job.folder, copies - 1);
    const verdict = ownWord && verdictOf(undefined, ownWord.record, ending(slurmJob));
    if (verdict) return this.#endings.end(slurmJob, verdict, ownWord);
    const isLate = this.#jobs.missingSeconds(slurmJob, this.#now()) >= lateSeconds;
    if (copies > 0) {
      if (cancelled) return this.#endings.end(slurmJob, cancelledVerdict);
      return this.#isOverdue(slurmJob) ? this.#endings.end(slurmJob, withoutRecord(undefined)) : [];
    }
    if (phase === 'unsure' && !isLate) return [];
    if (!this.#sweeper.withdraw(slurmJob) && !isWithdrawn) return [];
    if (cancelled) return this.#endings.end(slurmJob, cancelledVerdict);
    if (phase === 'unsure') return this.#endings.end(slurmJob, neverBegan('it never reached Slurm'));
    if (as.index !== undefined && listing.has(as.name))
      return this.#endings.end(slurmJob, without('cancelled-by-hand', 'it left the queue before it began'));
    return this.#endings.end(slurmJob, without('lost', 'Slurm lost it before it began'));
  }

  #stands(slurmJob: SlurmJob, row: QueueRow, standing: Standing): Change[] {
    switch (standing.is) {
      case 'waiting':
        return this.#requeued(slurmJob, row);
      case 'running':
        return this.#running(slurmJob, row);
      case 'ending':
        return [];
      case 'over':
        return this.over(slurmJob, row);
      case 'stuck':
        this.#sweeper.withdraw(slurmJob);
        return this.#endings.end(slurmJob, without(standing.cause, standing.detail));
    }
  }

  #requeued(slurmJob: SlurmJob, { reason, state }: QueueRow): Change[] {
    const { job, isStarted } = slurmJob;
    if (!isStarted) return [];
    this.#jobs.requeue(slurmJob, beginningOf(job.folder).copies);
    const why = reason === '' || reason === 'None' ? state.toLowerCase() : reason;
    return [{ type: 'requeued', job, reason: `Slurm put it back into the queue (${why})` }];
  }

  #running(slurmJob: SlurmJob, row: QueueRow): Change[] {
    const { job, isStarted, isPacked, copiesBefore } = slurmJob;
    if (isStarted && !isPacked) return [];
    const { copies } = beginningOf(job.folder);
    if (isPacked) {
      const ownWord = readExit(job.folder, copies - 1);
      const verdict =
        ownWord && !wantsReason(ownWord.record) ? verdictOf(undefined, ownWord.record, ending(slurmJob)) : undefined;
      if (verdict) return this.#endings.end(slurmJob, verdict, ownWord);
    }
    if (isStarted) return [];
    if (copies <= copiesBefore) return []; // a moment later it has begun
    // Only the job itself knows where it writes shared outputs.
    const started = job.shared ? readStarted(job.folder, copies - 1) : undefined;
    if (job.shared && !started) return [];
    this.#jobs.begin(slurmJob, row.startsAt);
    return [startedChange(job, { host: row.nodes, copy: copies - 1, outName: started?.out, at: row.startsAt })];
  }

  #isOverdue(slurmJob: SlurmJob): boolean {
    return this.#jobs.missingSeconds(slurmJob, this.#now()) > (this.#site.visibleWithinSeconds ?? 120);
  }
}

function ending({ cancelled, job }: SlurmJob): { cancelled: boolean; resumes: boolean } {
  return { cancelled: cancelled !== false, resumes: job.shared !== undefined };
}

/**
 * Of a pack Slurm tells what became of the whole, and only when it is over: that counts for those of its jobs that were killed or
 * told to end, and for no other.
 */
function wantsReason({ code, told }: ExitRecord): boolean {
  return told !== '' || code === killedCode;
}

/** Of a program that SIGKILL ended, as shells tell it. */
const killedCode = 137;

function neverBegan(detail: string): Verdict {
  return without('never-started', detail);
}

/** The end of a job whose program left no code. */
function without(cause: EndCause, detail: string): Verdict {
  return { code: null, signal: undefined, cause, detail };
}
