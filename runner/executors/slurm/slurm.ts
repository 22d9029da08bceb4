import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import type { Resources } from '../../../tasks/core/resources.ts';
import type { SlurmSite } from '../../site.ts';
import type { Change, EndCause, Executor, Job, Outlook, Submitted } from '../executor.ts';
import { batchText } from './batch-text.ts';
import { standingOf, type Verdict, verdictOf, withoutRecord } from './classify.ts';
import { type Cluster, clusterRefusals, gresType } from './cluster.ts';
import type { SlurmCommands } from './commands.ts';
import { beginningOf, copiesIn, cpuSecondsOf, type ExitRecord, readExit, readStarted } from './exit-record.ts';
import { grouped } from './grouping.ts';
import { slurmJobText } from './job-text.ts';
import { sbatchOptions } from './options.ts';
import { outlookOf } from './outlook-of.ts';
import { nextPause } from './pauses.ts';
import type { QueueRow } from './queue-text.ts';
import { halve } from './secrets.ts';
import { copyOf, Listing, type Tracked, tracked } from './tracked.ts';

/** Jobs that come within this time go to the scheduler together, in milliseconds. */
const gatherMs = 20;
/** Half of a job's secrets is in this variable, the other half in its folder. */
const padVariable = 'STET_PAD';
/** A submission whose answer was lost may show up late: so long it is waited for before it is given up, in seconds. */
const lateSeconds = 3;
/** After that an unsuccessful `scancel` is tried again, in seconds. */
const cancelAgainSeconds = 10;

/** Between two tries to submit, in seconds. */
const longestHoldSeconds = 60;
/** Accounting is slow, and what it does not know now it may know later. */
const accountsPauseSeconds = 15;

const usualCluster: Cluster = {
  version: '?',
  arraySize: 1000,
  rememberedSeconds: 300,
  hasAccounting: false,
  nodes: [],
};

/**
 * Jobs on a Slurm cluster. They run on when their driver is gone; the next finds them by their names.
 *
 * A job has ended when Slurm says so and its own record of its end is there. No answer is no news, an empty one is checked,
 * and what Slurm has forgotten is judged by its record.
 */
export class SlurmExecutor implements Executor {
  readonly outlivesDriver = true;
  readonly #site: SlurmSite;
  readonly #commands: SlurmCommands;
  #cluster: Cluster | undefined;
  #listener: (change: Change) => void = () => {};
  readonly #tracked = new Map<Job, Tracked>();
  #waiting: Job[] = [];
  #gather: NodeJS.Timeout | undefined;
  #submission: Promise<void> = Promise.resolve();
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #toCancel = new Set<Tracked>();
  /** Names that were given up: should a job of that name turn up, it goes. */
  readonly #withdrawn = new Set<string>();
  #quietSince = monotonic();
  #isSilent = false;
  #isClosed = false;
  #cancelledAt = 0;
  #failures = 0;
  #holdUntil = 0;
  #accountsAskedAt = Number.NEGATIVE_INFINITY;

  constructor(site: SlurmSite, commands: SlurmCommands) {
    this.#site = site;
    this.#commands = commands;
  }

  async open(): Promise<void> {
    if (this.#cluster) return;
    const answer = await this.#commands.cluster();
    if (answer.is === 'refused') {
      throw new Problem('no-slurm', `Slurm cannot be used here: ${answer.message}`, {
        hint: 'Run it on a login node of the cluster, or with --executor local.',
      });
    }
    if (answer.is === 'answer') this.#cluster = answer.value;
    else this.#trouble(answer.message);
  }

  hasRoom(): boolean {
    return this.#tracked.size + this.#waiting.length < (this.#site.maxQueued ?? 1000);
  }

  refusal(resources: Resources): string | undefined {
    return this.#cluster && clusterRefusals(this.#cluster, this.#site, resources)[0];
  }

  onChange(listener: (change: Change) => void): void {
    this.#listener = listener;
  }

  submit(job: Job): void {
    this.#waiting.push(job);
    this.#gather ??= setTimeout(() => this.#flush(), gatherMs);
  }

  adopt(job: Job, as: Submitted): void {
    this.#tracked.set(job, tracked(job, as, 'unsure', as.pack !== undefined));
    this.#stir();
  }

  cancel(job: Job): void {
    const at = this.#waiting.indexOf(job);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      queueMicrotask(() => this.#listener({ type: 'exited', job, exit: { ...nothing, cancelled: true } }));
      return;
    }
    const one = this.#tracked.get(job);
    if (!one || one.cancelled) return;
    one.cancelled = 'asked';
    if (one.phase === 'submitting') return; // told once its fate is known
    this.#toCancel.add(one);
    if (this.#toCancel.size === 1) setTimeout(() => void this.#tellCancelled(), 0);
  }

  outlook(job: Job): Outlook | undefined {
    const row = this.#tracked.get(job)?.row;
    return row && outlookOf(row);
  }

  async settle(): Promise<void> {
    this.#flush();
    await this.#submission;
    await this.#looking;
    await this.#look();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#gather);
    clearTimeout(this.#timer);
    this.#waiting = []; // their folders are there, and nobody else knows of them: the next driver starts them
    await this.#submission;
    if (this.#toCancel.size > 0) await this.#tellCancelled();
    await this.#looking;
  }

  // ---- submitting

  #flush(): void {
    clearTimeout(this.#gather);
    this.#gather = undefined;
    // Whoever does not answer, or has no room, is not asked for more until a look at the queue went well.
    if (this.#isSilent || monotonic() < this.#holdUntil) return this.#plan();
    const jobs = this.#waiting.splice(0);
    if (jobs.length === 0) return;
    const { arraySize } = this.#cluster ?? usualCluster;
    for (const packs of grouped(jobs, { arraySize, packed: this.#site.packed ?? 1 })) {
      // One after the other: a controller with a full queue is not helped by a crowd.
      this.#submission = this.#submission.then(() => this.#submit(packs));
    }
  }

  async #submit(packs: readonly (readonly Job[])[]): Promise<void> {
    const jobs = packs.flat();
    const [first] = jobs;
    if (!first || this.#isClosed) return;
    const name = jobs.length === 1 ? first.token : `${first.token}.x${jobs.length}`;
    const isArray = packs.length > 1;
    const isPacked = packs.some((pack) => pack.length > 1);
    const halves = Object.keys(first.secrets).length > 0 ? halve(first.secrets) : undefined;
    const all: Tracked[] = [];
    for (const [index, pack] of packs.entries()) {
      for (const [place, job] of pack.entries()) {
        const as = { name, ...(isArray ? { index } : {}), ...(isPacked ? { pack: place } : {}) };
        const one = tracked(job, as, 'submitting', isPacked);
        this.#tracked.set(job, one);
        all.push(one);
        this.#write(job, halves?.hidden);
        this.#listener({ type: 'submitting', job, as });
      }
    }
    const script = batchText(packs);
    const options = sbatchOptions(
      { name, packs: packs.map((pack) => pack.map((job) => this.#spelled(job))) },
      this.#site,
    );
    const answer = await this.#commands.submit(options, script, halves ? { [padVariable]: halves.pad } : {});
    this.#hold(answer.is === 'answer' || answer.is === 'refused');
    for (const one of all) {
      if (answer.is === 'answer') this.#accepted(one, answer.value);
      else if (answer.is === 'full') this.#putBack(one);
      else if (answer.is === 'refused') {
        this.#end(one, { code: null, signal: undefined, cause: 'refused', detail: answer.message });
      } else one.phase = 'unsure';
      if (one.cancelled && this.#tracked.has(one.job)) this.#toCancel.add(one);
    }
    if (answer.is === 'silent') this.#trouble(answer.message);
    if (this.#toCancel.size > 0) await this.#tellCancelled();
    this.#stir();
  }

  #putBack(one: Tracked): void {
    this.#tracked.delete(one.job);
    if (one.cancelled) this.#end(one, cancelledVerdict);
    else this.#waiting.push(one.job);
  }

  /** Each time that a submission fails the next waits longer. */
  #hold(isFine: boolean): void {
    this.#failures = isFine ? 0 : this.#failures + 1;
    this.#holdUntil = isFine ? 0 : monotonic() + Math.min(longestHoldSeconds, 2 ** this.#failures);
  }

  #write(job: Job, hidden: string | undefined): void {
    const secrets = hidden === undefined ? undefined : { variable: padVariable, file: join(job.folder, 'secrets') };
    if (secrets) writeFileSync(secrets.file, hidden ?? '', { mode: 0o600 });
    writeFileSync(join(job.folder, 'job.sh'), slurmJobText(job, this.#site, secrets));
  }

  /** GPU types as the cluster spells them. */
  #spelled(job: Job): Job {
    const { gpuType, ...resources } = job.resources;
    if (gpuType === undefined || !this.#cluster) return job;
    const spelled = gresType(this.#cluster, this.#site, gpuType);
    return { ...job, resources: spelled === undefined ? resources : { ...resources, gpuType: spelled } };
  }

  #accepted(one: Tracked, id: string): void {
    one.phase = 'submitted';
    one.as = { ...one.as, id };
    this.#listener({ type: 'submitted', job: one.job, as: one.as });
  }

  // ---- looking

  /** Something happened or is about to: the next look comes soon. */
  #stir(): void {
    this.#quietSince = monotonic();
    this.#plan();
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed || (this.#tracked.size === 0 && this.#waiting.length === 0)) return;
    const seconds = nextPause({
      base: this.#site.pollSeconds ?? 2,
      quiet: monotonic() - this.#quietSince,
      isSilent: this.#isSilent,
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
    const known = [...this.#tracked.values()].filter(({ phase }) => phase !== 'submitting');
    if (known.length === 0 && this.#waiting.length === 0) return;
    const answer = await this.#commands.queue();
    if (answer.is !== 'answer') return this.#trouble(answer.message);
    this.#isSilent = false;
    if (this.#waiting.length > 0) this.#gather ??= setTimeout(() => this.#flush(), gatherMs);
    const listing = new Listing(answer.value);
    const absent: Tracked[] = [];
    for (const one of known) {
      const row = listing.find(one.as);
      if (row) this.#observe(one, row);
      else absent.push(one);
    }
    if (absent.length > 0) await this.#lookForAbsent(absent);
    this.#cancelLate(listing);
  }

  /** A listing may be empty, old or cut off: what it does not have is looked for in the controller's own memory. */
  async #lookForAbsent(absent: readonly Tracked[]): Promise<void> {
    const answer = await this.#commands.jobs();
    if (answer.is !== 'answer') return this.#trouble(answer.message);
    const listing = new Listing(answer.value);
    const forgotten = absent.filter((one) => {
      const row = listing.find(one.as);
      if (row && this.#tracked.has(one.job)) this.#observe(one, row);
      return !row && this.#tracked.has(one.job);
    });
    for (const one of forgotten) this.#forgotten(one, listing);
    await this.#askAccounts(
      forgotten.filter(({ job }) => this.#tracked.has(job) && beginningOf(job.folder) === 'begun'),
    );
  }

  /** Where there is accounting it knows how a job ended that left no word and that the controller has forgotten. */
  async #askAccounts(forgotten: readonly Tracked[]): Promise<void> {
    const isDue = monotonic() - this.#accountsAskedAt > accountsPauseSeconds;
    if (forgotten.length === 0 || !this.#cluster?.hasAccounting || !isDue) return;
    this.#accountsAskedAt = monotonic();
    const answer = await this.#commands.accounted([...new Set(forgotten.map(({ as }) => as.name))]);
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
      this.#withdraw(one);
      void this.#commands.cancel(one.as.name, [idOf(one.as)]);
      this.#end(one, { code: null, signal: undefined, cause: standing.cause, detail: standing.detail });
    }
    if (
      one.cancelled === 'told' &&
      monotonic() - this.#cancelledAt > cancelAgainSeconds &&
      this.#tracked.has(one.job)
    ) {
      this.#toCancel.add(one);
    }
  }

  #requeued(one: Tracked, { reason, state }: QueueRow): void {
    if (!one.isStarted) return;
    one.isStarted = false;
    one.copiesBefore = copiesIn(one.job.folder);
    const why = reason === '' || reason === 'None' ? state.toLowerCase() : reason;
    this.#listener({ type: 'requeued', job: one.job, reason: `Slurm put it back into the queue (${why})` });
  }

  #running(one: Tracked, row: QueueRow): void {
    const { job } = one;
    if (one.isPacked) {
      const exit = readExit(job.folder, copiesIn(job.folder) - 1);
      const verdict = exit && verdictOf(undefined, exit.record, { cancelled: one.cancelled !== false, resumes: false });
      if (verdict) return this.#end(one, verdict, exit);
    }
    if (one.isStarted) return;
    const copies = copiesIn(job.folder);
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
    this.#listener({ type: 'started', job: one.job, host, copy, at });
  }

  #over(one: Tracked, row: QueueRow): void {
    const { job } = one;
    const exit = readExit(job.folder, copiesIn(job.folder) - 1);
    const how = { cancelled: one.cancelled !== false, resumes: job.shared !== undefined };
    const verdict = verdictOf(row, exit?.record, how);
    if (verdict) return this.#end(one, verdict, exit);
    if (one.isPacked && this.#withdraw(one))
      return this.#end(one, neverBegan(`the pack ended before its turn (${row.state})`));
    if (this.#isOverdue(one)) this.#end(one, withoutRecord(row));
  }

  /** Slurm does not know it: it was purged, lost in a crash, cancelled while it waited in an array, or never came. */
  #forgotten(one: Tracked, listing: Listing): void {
    const { job } = one;
    const exit = readExit(job.folder, copiesIn(job.folder) - 1);
    const verdict =
      exit &&
      verdictOf(undefined, exit.record, { cancelled: one.cancelled !== false, resumes: job.shared !== undefined });
    if (verdict) return this.#end(one, verdict, exit);
    one.missingSince ??= monotonic();
    const beginning = beginningOf(job.folder);
    if (beginning === 'begun') {
      if (one.cancelled) this.#end(one, cancelledVerdict);
      else if (this.#isOverdue(one)) this.#end(one, withoutRecord(undefined));
      return;
    }
    const isLate = monotonic() - one.missingSince >= lateSeconds;
    if (one.phase === 'unsure' && !isLate) return;
    // A job makes the folder and then a file in it: an empty one that stays is a driver's.
    if (!this.#withdraw(one) && !(beginning === 'withdrawn' && isLate)) return;
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
    return monotonic() - one.missingSince > (this.#site.visibleWithinSeconds ?? 120);
  }

  /** Makes sure that no job begins this attempt's work. False when one has begun it. */
  #withdraw({ job, as }: Tracked): boolean {
    try {
      mkdirSync(join(job.folder, 'begun'));
    } catch {
      return false;
    }
    this.#withdrawn.add(as.name);
    return true;
  }

  /** What turns up under a name that was given up does nothing, and only stands in the queue. */
  #cancelLate(listing: Listing): void {
    for (const name of this.#withdrawn) {
      if (!listing.has(name) || [...this.#tracked.values()].some(({ as }) => as.name === name)) continue;
      this.#withdrawn.delete(name);
      void this.#commands.cancel(name, []);
    }
  }

  #end(one: Tracked, verdict: Verdict, exit?: { record: ExitRecord; folder: string }): void {
    const { job } = one;
    this.#tracked.delete(job);
    this.#quietSince = monotonic();
    const { code, signal, cause, detail } = verdict;
    rmSync(join(job.folder, 'secrets'), { force: true });
    if (job.shared && cause !== 'node-failed' && cause !== 'lost') forgetUsers(job.shared);
    const record = exit?.record;
    const host = record?.host || one.row?.nodes || undefined;
    const number = record ? Number(record.copy) : Math.max(0, copiesIn(job.folder) - 1);
    if (!one.isStarted && record) {
      this.#started(one, { host: record.host, copy: number, outName: record.out, at: record.began * 1000 });
    }
    const usage = {
      host,
      seconds: record ? record.ended - record.began : one.startedAt && (Date.now() - one.startedAt) / 1000,
      cpuSeconds: record && cpuSecondsOf(record),
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

  // ---- cancelling

  async #tellCancelled(): Promise<void> {
    const byName = new Map<string, Tracked[]>();
    for (const one of this.#toCancel) byName.set(one.as.name, [...(byName.get(one.as.name) ?? []), one]);
    this.#toCancel.clear();
    this.#cancelledAt = monotonic();
    for (const [name, some] of byName) {
      const others = [...this.#tracked.values()].filter((other) => other.as.name === name && !other.cancelled);
      // Of a pack the others go on; its job ends when all of them are to end.
      if (others.length > 0 && some.some(({ isPacked }) => isPacked)) continue;
      const ids = others.length > 0 ? some.map(({ as }) => idOf(as)) : [];
      const answer = await this.#commands.cancel(name, ids);
      for (const one of some) if (answer.is === 'answer') one.cancelled = 'told';
    }
    this.#stir();
  }

  #trouble(message: string): void {
    if (!this.#isSilent) {
      this.#listener({
        type: 'trouble',
        message: `Slurm does not answer; what is running runs on. ${message.split('\n')[0] ?? ''}`,
      });
    }
    this.#isSilent = true;
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

const nothing = { code: null, signal: undefined } as const;
const cancelledVerdict: Verdict = { ...nothing, cause: 'cancelled' };

function neverBegan(detail: string): Verdict {
  return { ...nothing, cause: 'never-started' satisfies EndCause, detail };
}

function idOf({ id, index }: Submitted): string {
  return index === undefined ? (id ?? '') : `${id}_${index}`;
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

function monotonic(): number {
  return performance.now() / 1000;
}
