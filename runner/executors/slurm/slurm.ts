import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import type { Resources } from '../../../tasks/core/resources.ts';
import type { SlurmSite } from '../../site.ts';
import type { Change, EndCause, Executor, Job, Outlook, Submitted } from '../executor.ts';
import { Canceller, idOf } from './canceller.ts';
import { cancelledVerdict, standingOf, type Verdict, verdictOf, withoutRecord } from './classify.ts';
import { clusterRefusals } from './cluster.ts';
import type { SlurmCommands } from './commands.ts';
import { monotonic, type SlurmDesk } from './desk.ts';
import { beginningOf, type ExitRecord, readExit, readStarted } from './exit-record.ts';
import { outlookOf } from './outlook-of.ts';
import { nextPause } from './pauses.ts';
import type { QueueRow } from './queue-text.ts';
import type { Strays } from './strays.ts';
import { Submitter } from './submitter.ts';
import { copyOf, Listing, type Tracked, tracked } from './tracked.ts';

/** A submission whose answer was lost may show up late: so long it is waited for before it is given up, in seconds. */
const lateSeconds = 3;
/** Accounting is slow, and what it does not know now it may know later. */
const accountsPauseSeconds = 15;
const usualMostQueued = 1000;

/**
 * Jobs on a Slurm cluster. They run on when their driver is gone; the next finds them by their names.
 *
 * A job has ended when Slurm says so and its own record of its end is there. No answer is no news, an empty one is checked,
 * and what Slurm has forgotten is judged by its record.
 */
export class SlurmExecutor implements Executor {
  readonly outlivesDriver = true;
  readonly #desk: SlurmDesk;
  readonly #submitter: Submitter;
  readonly #canceller: Canceller;
  readonly #strays: Strays | undefined;
  #listener: (change: Change) => void = () => {};
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #quietSince = monotonic();
  #isFull = false;
  #accountsAskedAt = Number.NEGATIVE_INFINITY;

  constructor(site: SlurmSite, commands: SlurmCommands, strays?: Strays) {
    this.#desk = {
      site,
      commands,
      cluster: undefined,
      tracked: new Map(),
      isSilent: false,
      isClosed: false,
      tell: (change) => this.#listener(change),
      stir: () => this.#stir(),
      replan: () => this.#plan(),
      trouble: (message) => this.#trouble(message),
      accepted: (one, id) => this.#accepted(one, id),
      end: (one, verdict) => this.#end(one, verdict),
    };
    this.#strays = strays;
    this.#canceller = new Canceller(this.#desk, strays);
    this.#submitter = new Submitter(this.#desk, this.#canceller);
  }

  async open(): Promise<void> {
    if (!this.#desk.cluster) await this.#learn();
  }

  /** A queue that was full takes more once a tenth of it is free: so what follows comes as few arrays, and not one by one. */
  hasRoom(): boolean {
    const { tracked: jobs, site } = this.#desk;
    const most = site.maxQueued ?? usualMostQueued;
    const queued = jobs.size + this.#submitter.waiting;
    this.#isFull = queued >= (this.#isFull ? most - Math.max(1, Math.floor(most / 10)) + 1 : most);
    return !this.#isFull;
  }

  refusal(resources: Resources): string | undefined {
    const { cluster, site } = this.#desk;
    return cluster && clusterRefusals(cluster, site, resources)[0];
  }

  onChange(listener: (change: Change) => void): void {
    this.#listener = listener;
  }

  submit(job: Job): void {
    this.#submitter.add(job);
  }

  adopt(job: Job, as: Submitted): void {
    this.#desk.tracked.set(job, tracked(job, as, 'unsure', as.pack !== undefined));
    this.#stir();
  }

  cancel(job: Job): void {
    if (this.#submitter.remove(job)) {
      queueMicrotask(() => this.#listener({ type: 'exited', job, exit: { ...nothing, cancelled: true } }));
      return;
    }
    const one = this.#desk.tracked.get(job);
    if (!one || one.cancelled) return;
    one.cancelled = 'asked';
    // While it is being submitted nobody knows what to cancel.
    if (one.phase !== 'submitting') this.#canceller.addSoon(one);
  }

  outlook(job: Job): Outlook | undefined {
    const row = this.#desk.tracked.get(job)?.row;
    return row && outlookOf(row);
  }

  async settle(): Promise<void> {
    this.#submitter.flush();
    await this.#submitter.settled();
    await this.#looking;
    await this.#look();
  }

  async close(): Promise<void> {
    this.#desk.isClosed = true;
    clearTimeout(this.#timer);
    await this.#submitter.close();
    await this.#canceller.tell();
    await this.#looking;
  }

  /** What the cluster has and allows. */
  async #learn(): Promise<void> {
    const answer = await this.#desk.commands.cluster();
    if (answer.is === 'refused') {
      throw new Problem('no-slurm', `Slurm cannot be used here: ${answer.message}`, {
        hint: 'Run it on a login node of the cluster, or with --executor local.',
      });
    }
    if (answer.is === 'answer') this.#desk.cluster = answer.value;
    else this.#trouble(answer.message);
  }

  #accepted(one: Tracked, id: string): void {
    one.phase = 'submitted';
    one.as = { ...one.as, id };
    this.#listener({ type: 'submitted', job: one.job, as: one.as });
  }

  /** Something happened or is about to: the next look comes soon. */
  #stir(): void {
    this.#quietSince = monotonic();
    this.#plan();
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#desk.isClosed || (this.#desk.tracked.size === 0 && this.#submitter.waiting === 0)) return;
    const seconds = nextPause({
      base: this.#desk.site.pollSeconds ?? 2,
      quiet: monotonic() - this.#quietSince,
      jobs: this.#desk.tracked.size,
      isSilent: this.#desk.isSilent,
    });
    this.#timer = setTimeout(() => void this.#look().finally(() => this.#plan()), seconds * 1000);
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const known = [...this.#desk.tracked.values()].filter(({ phase }) => phase !== 'submitting');
    if (known.length === 0 && this.#submitter.waiting === 0) return;
    const answer = await this.#desk.commands.queue();
    if (answer.is !== 'answer') return this.#trouble(answer.message);
    this.#desk.isSilent = false;
    if (this.#submitter.waiting > 0) this.#submitter.flushSoon();
    if (!this.#desk.cluster) await this.#learn();
    const listing = new Listing(answer.value);
    const absent: Tracked[] = [];
    for (const one of known) {
      const row = listing.find(one.as);
      if (row) this.#observe(one, row);
      else absent.push(one);
    }
    if (absent.length > 0) await this.#lookForAbsent(absent);
    this.#canceller.cancelLate(listing);
    await this.#canceller.cancelStrays(listing);
  }

  /** A listing may be empty, old or cut off: what it does not have is looked for in the controller's own memory. */
  async #lookForAbsent(absent: readonly Tracked[]): Promise<void> {
    const answer = await this.#desk.commands.jobs();
    if (answer.is !== 'answer') return this.#trouble(answer.message);
    const listing = new Listing(answer.value);
    const forgotten = absent.filter((one) => {
      const row = listing.find(one.as);
      if (row && this.#desk.tracked.has(one.job)) this.#observe(one, row);
      return !row && this.#desk.tracked.has(one.job);
    });
    for (const one of forgotten) this.#forgotten(one, listing);
    await this.#askAccounts(
      forgotten.filter(({ job }) => this.#desk.tracked.has(job) && beginningOf(job.folder).copies > 0),
    );
  }

  /** Where there is accounting it knows how a job ended that left no word and that the controller has forgotten. */
  async #askAccounts(forgotten: readonly Tracked[]): Promise<void> {
    const isDue = monotonic() - this.#accountsAskedAt > accountsPauseSeconds;
    if (forgotten.length === 0 || !this.#desk.cluster?.hasAccounting || !isDue) return;
    this.#accountsAskedAt = monotonic();
    const answer = await this.#desk.commands.accounted([...new Set(forgotten.map(({ as }) => as.name))]);
    if (answer.is !== 'answer') return;
    const listing = new Listing(answer.value);
    for (const one of forgotten) {
      const row = listing.find(one.as);
      if (row && standingOf(row).is === 'over') this.#over(one, row);
    }
  }

  #observe(one: Tracked, row: QueueRow): void {
    const before = one.row;
    one.row = row;
    one.phase = 'submitted';
    if (one.as.id !== row.id) this.#accepted(one, row.id);
    if (before?.state !== row.state) this.#quietSince = monotonic();
    if (row.restarts > one.restarts) {
      one.restarts = row.restarts;
      this.#requeued(one, row);
    }
    const standing = standingOf(row);
    if (standing.is !== 'over') one.missingSince = undefined;
    if (standing.is === 'waiting') this.#requeued(one, row);
    else if (standing.is === 'running') this.#running(one, row);
    else if (standing.is === 'over') this.#over(one, row);
    else if (standing.is === 'stuck') {
      this.#canceller.withdraw(one);
      void this.#desk.commands.cancel(one.as.name, [idOf(one.as)]);
      this.#end(one, { code: null, signal: undefined, cause: standing.cause, detail: standing.detail });
    }
    if (this.#canceller.isOverdue(one) && this.#desk.tracked.has(one.job)) this.#canceller.addSoon(one);
  }

  #requeued(one: Tracked, { reason, state }: QueueRow): void {
    if (!one.isStarted) return;
    one.isStarted = false;
    one.copiesBefore = beginningOf(one.job.folder).copies;
    const why = reason === '' || reason === 'None' ? state.toLowerCase() : reason;
    this.#listener({ type: 'requeued', job: one.job, reason: `Slurm put it back into the queue (${why})` });
  }

  #running(one: Tracked, row: QueueRow): void {
    const { job } = one;
    if (one.isStarted && !one.isPacked) return;
    const { copies } = beginningOf(job.folder);
    if (one.isPacked) {
      const exit = readExit(job.folder, copies - 1);
      const how = { cancelled: one.cancelled !== false, resumes: false };
      const verdict = exit && !wantsReason(exit.record) ? verdictOf(undefined, exit.record, how) : undefined;
      if (verdict) return this.#end(one, verdict, exit);
    }
    if (one.isStarted) return;
    if (copies <= one.copiesBefore) return; // a moment later it has begun
    // Only the job itself knows where it writes shared outputs.
    const started = job.shared ? readStarted(job.folder, copies - 1) : undefined;
    if (job.shared && !started) return;
    this.#started(one, { host: row.nodes, copy: copies - 1, outName: started?.out, at: row.startsAt });
  }

  #started(one: Tracked, { host, copy: number, outName, at }: Began): void {
    one.isStarted = true;
    one.startedAt = at;
    const copy = copyOf(one.job, number, outName || undefined);
    const secondsAgo = at === undefined ? 0 : Math.max(0, (Date.now() - at) / 1000);
    this.#listener({ type: 'started', job: one.job, host, copy, secondsAgo });
  }

  #over(one: Tracked, row: QueueRow): void {
    const { job } = one;
    const { copies } = beginningOf(job.folder);
    const exit = readExit(job.folder, copies - 1);
    const how = { cancelled: one.cancelled !== false, resumes: job.shared !== undefined };
    const isOwnWord = one.isPacked && exit !== undefined && !wantsReason(exit.record);
    const verdict = verdictOf(isOwnWord ? undefined : row, exit?.record, how);
    if (verdict) return this.#end(one, verdict, exit);
    if (one.isPacked && this.#canceller.withdraw(one))
      return this.#end(one, neverBegan(`the pack ended before its turn (${row.state})`));
    if (this.#isOverdue(one)) this.#end(one, withoutRecord(row));
  }

  /** Slurm does not know it: it was purged, lost in a crash, cancelled while it waited in an array, or never came. */
  #forgotten(one: Tracked, listing: Listing): void {
    const { job } = one;
    const { copies, isWithdrawn } = beginningOf(job.folder);
    const exit = readExit(job.folder, copies - 1);
    const verdict =
      exit &&
      verdictOf(undefined, exit.record, { cancelled: one.cancelled !== false, resumes: job.shared !== undefined });
    if (verdict) return this.#end(one, verdict, exit);
    one.missingSince ??= monotonic();
    if (copies > 0) {
      if (one.cancelled) this.#end(one, cancelledVerdict);
      else if (this.#isOverdue(one)) this.#end(one, withoutRecord(undefined));
      return;
    }
    const isLate = monotonic() - one.missingSince >= lateSeconds;
    if (one.phase === 'unsure' && !isLate) return;
    if (!this.#canceller.withdraw(one) && !isWithdrawn) return;
    if (one.cancelled) this.#end(one, cancelledVerdict);
    else if (one.phase === 'unsure') this.#end(one, neverBegan('it never reached Slurm'));
    else if (one.as.index !== undefined && listing.has(one.as.name)) {
      this.#end(one, {
        code: null,
        signal: undefined,
        cause: 'cancelled-by-hand',
        detail: 'it left the queue before it began',
      });
    } else this.#end(one, { code: null, signal: undefined, cause: 'lost', detail: 'Slurm lost it before it began' });
  }

  #isOverdue(one: Tracked): boolean {
    one.missingSince ??= monotonic();
    return monotonic() - one.missingSince > (this.#desk.site.visibleWithinSeconds ?? 120);
  }

  #end(one: Tracked, verdict: Verdict, exit?: { record: ExitRecord; folder: string }): void {
    const { job } = one;
    this.#desk.tracked.delete(job);
    this.#quietSince = monotonic();
    const { code, signal, cause, detail } = verdict;
    // A job that was taken over may have some: only its first driver knew.
    if (Object.keys(job.secrets).length > 0 || job.command.args.length === 0) {
      rmSync(join(job.folder, 'secrets'), { force: true });
    }
    if (job.shared && cause !== 'node-failed' && cause !== 'lost') forgetUsers(job.shared);
    if (one.restarts > 0 || cause === 'node-failed' || cause === 'lost') this.#strays?.add(one.as);
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
    this.#listener({
      type: 'exited',
      job,
      exit: { code, signal, cancelled: cause === 'cancelled', cause, detail, usage },
      copy: exit ? { ...copy, folder: exit.folder, entries: exit.record.entries } : copy,
    });
  }

  #trouble(message: string): void {
    if (!this.#desk.isSilent) {
      this.#listener({
        type: 'trouble',
        message: `Slurm does not answer; what is running runs on. ${message.split('\n')[0] ?? ''}`,
      });
    }
    this.#desk.isSilent = true;
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
function forgetUsers({ work, turn }: NonNullable<Job['shared']>): void {
  try {
    for (const name of readdirSync(work))
      if (name.startsWith(`user.${turn}.`)) rmSync(join(work, name), { force: true });
  } catch {
    // Not there: the job never began.
  }
}
