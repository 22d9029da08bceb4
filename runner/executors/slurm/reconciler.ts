import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EndCause, Job } from '../executor.ts';
import { type Canceller, idOf } from './canceller.ts';
import { cancelledVerdict, standingOf, type Verdict, verdictOf, withoutRecord } from './queue/classify.ts';
import { monotonic, type SlurmDesk } from './desk.ts';
import { beginningOf, type ExitRecord, readExit, readStarted } from './script/exit-record.ts';
import type { QueueRow } from './queue/queue-text.ts';
import type { LingeringJobs } from './lingering-jobs.ts';
import { copyOf, type Listing, type SlurmJob } from './slurm-job.ts';

/** A submission whose answer was lost may show up late: so long it is waited for before it is given up, in seconds. */
const lateSeconds = 3;

/** Follows each job from what Slurm says of it, and from what it left in its folder, to its end. */
export class Reconciler {
  readonly #desk: SlurmDesk;
  readonly #canceller: Canceller;
  readonly #lingering: LingeringJobs | undefined;

  constructor(desk: SlurmDesk, canceller: Canceller, lingering: LingeringJobs | undefined) {
    this.#desk = desk;
    this.#canceller = canceller;
    this.#lingering = lingering;
  }

  /** What the queue says of it now. */
  observe(one: SlurmJob, row: QueueRow): void {
    const before = one.row;
    one.row = row;
    one.phase = 'submitted';
    if (one.as.id !== row.id) this.#desk.accepted(one, row.id);
    if (before?.state !== row.state) this.#desk.happened();
    if (row.restarts > one.restarts) {
      one.restarts = row.restarts;
      this.#requeued(one, row);
    }
    const standing = standingOf(row);
    if (standing.is !== 'over') one.missingSince = undefined;
    if (standing.is === 'waiting') this.#requeued(one, row);
    else if (standing.is === 'running') this.#running(one, row);
    else if (standing.is === 'over') this.over(one, row);
    else if (standing.is === 'stuck') {
      this.#canceller.withdraw(one);
      void this.#desk.commands.cancel(one.as.name, [idOf(one.as)]);
      this.end(one, { code: null, signal: undefined, cause: standing.cause, detail: standing.detail });
    }
    if (this.#canceller.isOverdue(one) && this.#desk.jobs.has(one.job)) this.#canceller.addSoon(one);
  }

  #requeued(one: SlurmJob, { reason, state }: QueueRow): void {
    if (!one.isStarted) return;
    one.isStarted = false;
    one.copiesBefore = beginningOf(one.job.folder).copies;
    const why = reason === '' || reason === 'None' ? state.toLowerCase() : reason;
    this.#desk.tell({ type: 'requeued', job: one.job, reason: `Slurm put it back into the queue (${why})` });
  }

  #running(one: SlurmJob, row: QueueRow): void {
    const { job } = one;
    if (one.isStarted && !one.isPacked) return;
    const { copies } = beginningOf(job.folder);
    if (one.isPacked) {
      const exit = readExit(job.folder, copies - 1);
      const how = { cancelled: one.cancelled !== false, resumes: false };
      const verdict = exit && !wantsReason(exit.record) ? verdictOf(undefined, exit.record, how) : undefined;
      if (verdict) return this.end(one, verdict, exit);
    }
    if (one.isStarted) return;
    if (copies <= one.copiesBefore) return; // a moment later it has begun
    // Only the job itself knows where it writes shared outputs.
    const started = job.shared ? readStarted(job.folder, copies - 1) : undefined;
    if (job.shared && !started) return;
    this.#started(one, { host: row.nodes, copy: copies - 1, outName: started?.out, at: row.startsAt });
  }

  #started(one: SlurmJob, { host, copy: number, outName, at }: Began): void {
    one.isStarted = true;
    one.startedAt = at;
    const copy = copyOf(one.job, number, outName || undefined);
    const secondsAgo = at === undefined ? 0 : Math.max(0, (Date.now() - at) / 1000);
    this.#desk.tell({ type: 'started', job: one.job, host, copy, secondsAgo });
  }

  /** Slurm says that it is over. */
  over(one: SlurmJob, row: QueueRow): void {
    const { job } = one;
    const { copies } = beginningOf(job.folder);
    const exit = readExit(job.folder, copies - 1);
    const how = { cancelled: one.cancelled !== false, resumes: job.shared !== undefined };
    const isOwnWord = one.isPacked && exit !== undefined && !wantsReason(exit.record);
    const verdict = verdictOf(isOwnWord ? undefined : row, exit?.record, how);
    if (verdict) return this.end(one, verdict, exit);
    if (one.isPacked && this.#canceller.withdraw(one))
      return this.end(one, neverBegan(`the pack ended before its turn (${row.state})`));
    if (this.#isOverdue(one)) this.end(one, withoutRecord(row));
  }

  /** Slurm does not know it: it was purged, lost in a crash, cancelled while it waited in an array, or never came. */
  forgotten(one: SlurmJob, listing: Listing): void {
    const { job } = one;
    const { copies, isWithdrawn } = beginningOf(job.folder);
    const exit = readExit(job.folder, copies - 1);
    const verdict =
      exit &&
      verdictOf(undefined, exit.record, { cancelled: one.cancelled !== false, resumes: job.shared !== undefined });
    if (verdict) return this.end(one, verdict, exit);
    one.missingSince ??= monotonic();
    if (copies > 0) {
      if (one.cancelled) this.end(one, cancelledVerdict);
      else if (this.#isOverdue(one)) this.end(one, withoutRecord(undefined));
      return;
    }
    const isLate = monotonic() - one.missingSince >= lateSeconds;
    if (one.phase === 'unsure' && !isLate) return;
    if (!this.#canceller.withdraw(one) && !isWithdrawn) return;
    if (one.cancelled) this.end(one, cancelledVerdict);
    else if (one.phase === 'unsure') this.end(one, neverBegan('it never reached Slurm'));
    else if (one.as.index !== undefined && listing.has(one.as.name)) {
      this.end(one, {
        code: null,
        signal: undefined,
        cause: 'cancelled-by-hand',
        detail: 'it left the queue before it began',
      });
    } else this.end(one, { code: null, signal: undefined, cause: 'lost', detail: 'Slurm lost it before it began' });
  }

  #isOverdue(one: SlurmJob): boolean {
    one.missingSince ??= monotonic();
    return monotonic() - one.missingSince > (this.#desk.site.visibleWithinSeconds ?? 120);
  }

  /** Nothing more comes: its end is told, with what its copy wrote. */
  end(one: SlurmJob, verdict: Verdict, exit?: { record: ExitRecord; folder: string }): void {
    const { job } = one;
    this.#desk.jobs.delete(job);
    this.#desk.happened();
    const { code, signal, cause, detail } = verdict;
    // A job that was taken over may have some: only its first driver knew.
    if (Object.keys(job.secrets).length > 0 || job.command.args.length === 0) {
      rmSync(join(job.folder, 'secrets'), { force: true });
    }
    if (job.shared && cause !== 'node-failed' && cause !== 'lost') forgetUsers(job.shared);
    if (one.restarts > 0 || cause === 'node-failed' || cause === 'lost') this.#lingering?.add(one.as);
    const record = exit?.record;
    const host = record?.host || one.row?.nodes || undefined;
    const number = record ? Number(record.copy) : Math.max(0, beginningOf(job.folder).copies - 1);
    if (!one.isStarted && record) {
      this.#started(one, { host: record.host, copy: number, outName: record.out, at: one.row?.startsAt });
    }
    const usage = {
      host,
      seconds: record ? record.hundredths / 100 : one.startedAt && (Date.now() - one.startedAt) / 1000,
      cpuSeconds: record && record.used / 100,
      peakMemoryGb: record && record.peak > 0 ? record.peak / 2 ** 30 : undefined,
    };
    const copy = copyOf(job, number, record?.out || undefined);
    this.#desk.tell({
      type: 'exited',
      job,
      exit: { code, signal, cancelled: cause === 'cancelled', cause, detail, usage },
      copy: exit ? { ...copy, folder: exit.folder, entries: exit.record.entries } : copy,
    });
  }
}

interface Began {
  readonly host: string;
  readonly copy: number;
  /** Of its shared outputs. */
  readonly outName: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number | undefined;
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

const nothing = { code: null, signal: undefined } as const;

function neverBegan(detail: string): Verdict {
  return { ...nothing, cause: 'never-started' satisfies EndCause, detail };
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
