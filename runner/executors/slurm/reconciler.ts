import type { Change, EndCause } from '../executor.ts';
import { type Clock, monotonic } from './pace/clock.ts';
import type { Endings, OwnWord } from './endings.ts';
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
import { readBeat, readBegin } from './script/life-signs.ts';
import { beatSeconds, silenceSeconds, type SlurmSite } from './script/slurm-site.ts';
import type { SlurmJob } from './jobs/slurm-job.ts';
import type { SlurmJobs } from './jobs/slurm-jobs.ts';
import { startedChange } from './jobs/started-change.ts';
import type { Sweeper } from './sweeper.ts';

/** What was told to end, or says itself that it was killed, is gone after so many signs of life that did not come. */
const shortSilence = 3;

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
  /** Names of jobs of which it was told that somebody holds them. */
  readonly #held = new Set<string>();

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

  /** Slurm does not show it: it was purged, lost in a crash, cancelled while it waited in an array, never came, or is hidden from us. */
  forgotten(slurmJob: SlurmJob, listing: Listing): Change[] {
    const { job, as, phase, cancelled } = slurmJob;
    const { copies, isWithdrawn } = beginningOf(job.folder);
    if (copies > 0) return this.#outOfSight(slurmJob, copies - 1);
    const isLate = this.#jobs.missingSeconds(slurmJob, this.#now()) >= lateSeconds;
    if (phase === 'unsure' && !isLate) return [];
    if (!this.#sweeper.withdraw(slurmJob) && !isWithdrawn) return [];
    if (cancelled) return this.#endings.end(slurmJob, cancelledVerdict);
    if (phase === 'unsure') return this.#endings.end(slurmJob, neverBegan('it never reached Slurm'));
    if (as.index !== undefined && listing.has(as.name))
      return this.#endings.end(slurmJob, without('cancelled-by-hand', 'it left the queue before it began'));
    return this.#endings.end(slurmJob, without('lost', 'Slurm lost it before it began'));
  }

  /** That Slurm does not show a job that has begun says nothing: it is over by its own word, or once it has fallen silent. */
  #outOfSight(slurmJob: SlurmJob, newest: number): Change[] {
    const { job, cancelled } = slurmJob;
    const ownWord = readExit(job.folder, newest);
    if (ownWord && !wasKilled(ownWord)) {
      const verdict = verdictOf(undefined, ownWord.record, ending(slurmJob));
      if (verdict) return this.#endings.end(slurmJob, verdict, ownWord);
    }
    const beat = readBeat(job.folder, newest);
    if (cancelled && beat === '') return this.#endings.end(slurmJob, cancelledVerdict);
    const silent = this.#jobs.silentSeconds(slurmJob, beat, this.#now());
    const limit = cancelled || ownWord ? shortSilence * beatSeconds(this.#site) : silenceSeconds(this.#site);
    if (silent <= limit) return ownWord ? [] : this.#begun(slurmJob, { nodes: readBegin(job.folder, newest)?.node });
    const verdict = cancelled ? cancelledVerdict : withoutRecord(undefined, ownWord?.record);
    return this.#endings.end(slurmJob, verdict, ownWord);
  }

  #stands(slurmJob: SlurmJob, row: QueueRow, standing: Standing): Change[] {
    switch (standing.is) {
      case 'waiting':
        return [...this.#requeued(slurmJob, row), ...this.#isHeld(slurmJob, row)];
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

  /** Told once for all elements of an array: it waits for a person, and may do so for ever. */
  #isHeld({ job, as }: SlurmJob, { reason, id }: QueueRow): Change[] {
    if (!reason.startsWith('JobHeld') || this.#held.has(as.name)) return [];
    this.#held.add(as.name);
    const message = `The job of ${job.label} is held in the queue (${reason}). It waits until somebody lets it go: scontrol release ${id}`;
    return [{ type: 'trouble', message }];
  }

  #requeued(slurmJob: SlurmJob, { reason, state }: QueueRow): Change[] {
    const { job, isStarted } = slurmJob;
    if (!isStarted) return [];
    this.#jobs.requeue(slurmJob, beginningOf(job.folder).copies);
    const why = reason === '' || reason === 'None' ? state.toLowerCase() : reason;
    return [{ type: 'requeued', job, reason: `Slurm put it back into the queue (${why})` }];
  }

  #running(slurmJob: SlurmJob, row: QueueRow): Change[] {
    const { job, isStarted, isPacked } = slurmJob;
    if (isStarted && !isPacked) return [];
    if (isPacked) {
      const { copies } = beginningOf(job.folder);
      const ownWord = readExit(job.folder, copies - 1);
      const verdict =
        ownWord && !wantsReason(ownWord.record) ? verdictOf(undefined, ownWord.record, ending(slurmJob)) : undefined;
      if (verdict) return this.#endings.end(slurmJob, verdict, ownWord);
    }
    return this.#begun(slurmJob, row);
  }

  /** Tells once that it runs, when it does. */
  #begun(slurmJob: SlurmJob, { nodes = '', startsAt }: Partial<Pick<QueueRow, 'nodes' | 'startsAt'>>): Change[] {
    const { job, isStarted, copiesBefore } = slurmJob;
    if (isStarted) return [];
    const { copies } = beginningOf(job.folder);
    if (copies <= copiesBefore) return []; // a moment later it has begun
    // Only the job itself knows where it writes shared outputs.
    const started = job.shared ? readStarted(job.folder, copies - 1) : undefined;
    if (job.shared && !started) return [];
    this.#jobs.begin(slurmJob, startsAt);
    return [startedChange(job, { host: nodes, copy: copies - 1, outName: started?.out, at: startsAt })];
  }

  #isOverdue(slurmJob: SlurmJob): boolean {
    return this.#jobs.missingSeconds(slurmJob, this.#now()) > silenceSeconds(this.#site);
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

/** By whom, nobody says: a controller that has lost its memory kills what it does not know. */
function wasKilled({ record: { code, told } }: OwnWord): boolean {
  return code === killedCode && told === '';
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
