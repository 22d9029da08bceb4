import { Problem } from '../../../cache/problem.ts';
import type { Resources } from '../../../tasks/core/resources.ts';
import type { SlurmSite } from './script/slurm-site.ts';
import type { Change, Executor, Job, QueueStatus, Submitted } from '../executor.ts';
import { Canceller } from './canceller.ts';
import { standingOf } from './queue/classify.ts';
import { clusterRefusals } from './queue/cluster.ts';
import type { SlurmCommands } from './queue/commands.ts';
import { monotonic, type SlurmDesk } from './desk.ts';
import { beginningOf } from './script/exit-record.ts';
import { Reconciler } from './reconciler.ts';
import { queueStatusOf } from './queue/queue-status.ts';
import { nextPause } from './pauses.ts';
import type { LingeringJobs } from './lingering-jobs.ts';
import { Submitter } from './submitter.ts';
import { Listing, type SlurmJob, newSlurmJob } from './slurm-job.ts';

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
  readonly visibleWithinSeconds: number | undefined;
  readonly #desk: SlurmDesk;
  readonly #submitter: Submitter;
  readonly #canceller: Canceller;
  readonly #reconciler: Reconciler;
  #listener: (change: Change) => void = () => {};
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #quietSince = monotonic();
  #isFull = false;
  #accountsAskedAt = Number.NEGATIVE_INFINITY;

  constructor(site: SlurmSite, commands: SlurmCommands, lingering?: LingeringJobs) {
    this.visibleWithinSeconds = site.visibleWithinSeconds;
    this.#desk = {
      site,
      commands,
      cluster: undefined,
      jobs: new Map(),
      isSilent: false,
      isClosed: false,
      tell: (change) => this.#listener(change),
      happened: () => (this.#quietSince = monotonic()),
      stir: () => this.#stir(),
      replan: () => this.#plan(),
      trouble: (message) => this.#trouble(message),
      accepted: (one, id) => this.#accepted(one, id),
      end: (one, verdict) => this.#reconciler.end(one, verdict),
    };
    this.#canceller = new Canceller(this.#desk, lingering);
    this.#submitter = new Submitter(this.#desk, this.#canceller);
    this.#reconciler = new Reconciler(this.#desk, this.#canceller, lingering);
  }

  async open(): Promise<void> {
    if (!this.#desk.cluster) await this.#learn();
  }

  /** A queue that was full takes more once a tenth of it is free: so what follows comes as few arrays, and not one by one. */
  hasRoom(): boolean {
    const { jobs: jobs, site } = this.#desk;
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
    this.#desk.jobs.set(job, newSlurmJob(job, as, 'unsure', as.pack !== undefined));
    this.#stir();
  }

  cancel(job: Job): void {
    if (this.#submitter.remove(job)) {
      queueMicrotask(() =>
        this.#listener({ type: 'exited', job, exit: { code: null, signal: undefined, cancelled: true } }),
      );
      return;
    }
    const one = this.#desk.jobs.get(job);
    if (!one || one.cancelled) return;
    one.cancelled = 'asked';
    // While it is being submitted nobody knows what to cancel.
    if (one.phase !== 'submitting') this.#canceller.addSoon(one);
  }

  queueStatus(job: Job): QueueStatus | undefined {
    const row = this.#desk.jobs.get(job)?.row;
    return row && queueStatusOf(row);
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

  #accepted(one: SlurmJob, id: string): void {
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
    if (this.#desk.isClosed || (this.#desk.jobs.size === 0 && this.#submitter.waiting === 0)) return;
    const seconds = nextPause({
      base: this.#desk.site.pollSeconds ?? 2,
      quiet: monotonic() - this.#quietSince,
      jobs: this.#desk.jobs.size,
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
    const known = [...this.#desk.jobs.values()].filter(({ phase }) => phase !== 'submitting');
    if (known.length === 0 && this.#submitter.waiting === 0) return;
    const answer = await this.#desk.commands.queue();
    if (answer.is !== 'answer') return this.#trouble(answer.message);
    this.#desk.isSilent = false;
    if (this.#submitter.waiting > 0) this.#submitter.flushSoon();
    if (!this.#desk.cluster) await this.#learn();
    const listing = new Listing(answer.value);
    const absent: SlurmJob[] = [];
    for (const one of known) {
      const row = listing.find(one.as);
      if (row) this.#reconciler.observe(one, row);
      else absent.push(one);
    }
    if (absent.length > 0) await this.#lookForAbsent(absent);
    this.#canceller.cancelLate(listing);
    await this.#canceller.cancelLingering(listing);
  }

  /** A listing may be empty, old or cut off: what it does not have is looked for in the controller's own memory. */
  async #lookForAbsent(absent: readonly SlurmJob[]): Promise<void> {
    const answer = await this.#desk.commands.jobs();
    if (answer.is !== 'answer') return this.#trouble(answer.message);
    const listing = new Listing(answer.value);
    const forgotten = absent.filter((one) => {
      const row = listing.find(one.as);
      if (row && this.#desk.jobs.has(one.job)) this.#reconciler.observe(one, row);
      return !row && this.#desk.jobs.has(one.job);
    });
    for (const one of forgotten) this.#reconciler.forgotten(one, listing);
    await this.#askAccounts(
      forgotten.filter(({ job }) => this.#desk.jobs.has(job) && beginningOf(job.folder).copies > 0),
    );
  }

  /** Where there is accounting it knows how a job ended that left no word and that the controller has forgotten. */
  async #askAccounts(forgotten: readonly SlurmJob[]): Promise<void> {
    const isDue = monotonic() - this.#accountsAskedAt > accountsPauseSeconds;
    if (forgotten.length === 0 || !this.#desk.cluster?.hasAccounting || !isDue) return;
    this.#accountsAskedAt = monotonic();
    const answer = await this.#desk.commands.accounted([...new Set(forgotten.map(({ as }) => as.name))]);
    if (answer.is !== 'answer') return;
    const listing = new Listing(answer.value);
    for (const one of forgotten) {
      const row = listing.find(one.as);
      if (row && standingOf(row).is === 'over') this.#reconciler.over(one, row);
    }
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
