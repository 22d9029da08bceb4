import { Problem } from '../../../cache/problem.ts';
import type { Resources } from '../../../tasks/core/resources.ts';
import type { Change, Executor, Job, QueueStatus, Submitted } from '../executor.ts';
import { Accounts } from './accounts.ts';
import { Canceller } from './canceller.ts';
import { ControllerLink } from './queue/controller-link.ts';
import { Endings } from './endings.ts';
import type { LingeringJobs } from './lingering-jobs.ts';
import { Poller } from './pace/poller.ts';
import { QueueRoom } from './pace/queue-room.ts';
import type { SlurmCommands } from './queue/commands.ts';
import { KnownCluster } from './queue/known-cluster.ts';
import { Listing } from './queue/listing.ts';
import { queueStatusOf } from './queue/queue-status.ts';
import type { QueueRow } from './queue/queue-text.ts';
import { Reconciler } from './reconciler.ts';
import { beginningOf } from './script/exit-record.ts';
import { grouped } from './script/grouping.ts';
import type { SlurmSite } from './script/slurm-site.ts';
import { scancelId, type SlurmJob } from './jobs/slurm-job.ts';
import { SlurmJobs } from './jobs/slurm-jobs.ts';
import { Submitter } from './submitter.ts';
import { Sweeper } from './sweeper.ts';
import { WaitingJobs } from './pace/waiting-jobs.ts';

const usualMostQueued = 1000;
const usualPollSeconds = 2;

/**
 * Jobs on a Slurm cluster. They run on when their driver is gone; the next finds them by their names.
 *
 * A job has ended when Slurm says so and its own record of its end is there. No answer is no news, an empty one is checked,
 * and what Slurm has forgotten is judged by its record.
 */
export class SlurmExecutor implements Executor {
  readonly outlivesDriver = true;
  readonly visibleWithinSeconds: number | undefined;
  readonly #site: SlurmSite;
  readonly #link: ControllerLink;
  readonly #cluster: KnownCluster;
  readonly #room: QueueRoom;
  readonly #waiting = new WaitingJobs(() => this.#handOver());
  readonly #jobs = new SlurmJobs();
  readonly #submitter: Submitter;
  readonly #canceller: Canceller;
  readonly #reconciler: Reconciler;
  readonly #sweeper: Sweeper;
  readonly #accounts: Accounts;
  readonly #poller: Poller;
  #listener: (change: Change) => void = () => {};
  /** One after the other: a controller with a full queue is not helped by a crowd. */
  #submitting: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(site: SlurmSite, commands: SlurmCommands, lingering?: LingeringJobs) {
    const jobs = this.#jobs;
    const endings = new Endings(jobs, lingering);
    this.visibleWithinSeconds = site.visibleWithinSeconds;
    this.#site = site;
    this.#link = new ControllerLink(commands);
    this.#cluster = new KnownCluster(site);
    this.#room = new QueueRoom(site.maxQueued ?? usualMostQueued);
    this.#submitter = new Submitter({ site, commands, cluster: this.#cluster, jobs, endings });
    this.#canceller = new Canceller(commands, jobs);
    this.#sweeper = new Sweeper(commands, jobs, lingering);
    this.#reconciler = new Reconciler({ site, jobs, sweeper: this.#sweeper, endings });
    this.#accounts = new Accounts(commands);
    this.#poller = new Poller({
      baseSeconds: site.pollSeconds ?? usualPollSeconds,
      load: () => ({ jobs: jobs.size, waiting: this.#waiting.size, isSilent: this.#link.isSilent }),
      look: () => this.#look(),
    });
  }

  async open(): Promise<void> {
    if (!this.#cluster.isKnown) await this.#learn();
  }

  hasRoom(): boolean {
    return this.#room.hasRoom(this.#jobs.size + this.#waiting.size);
  }

  refusal(resources: Resources): string | undefined {
    return this.#cluster.refusal(resources);
  }

  onChange(listener: (change: Change) => void): void {
    this.#listener = listener;
  }

  submit(job: Job): void {
    this.#waiting.add(job);
  }

  adopt(job: Job, as: Submitted): void {
    this.#jobs.adopt(job, as);
    this.#poller.stir();
  }

  cancel(job: Job): void {
    const waiting = this.#waiting.remove(job);
    if (waiting) {
      const exit = { code: null, signal: undefined, cancelled: true };
      queueMicrotask(() => this.#listener({ type: 'exited', job: waiting, exit }));
      return;
    }
    const slurmJob = this.#jobs.find(job);
    if (!slurmJob || slurmJob.cancelled) return;
    this.#jobs.askToCancel(slurmJob);
    // While it is being submitted nobody knows what to cancel.
    if (slurmJob.phase !== 'submitting') this.#cancelSoon(slurmJob);
  }

  queueStatus(job: Job): QueueStatus | undefined {
    const row = this.#jobs.find(job)?.row;
    return row && queueStatusOf(row);
  }

  async settle(): Promise<void> {
    this.#handOver();
    await this.#submitting;
    await this.#poller.settled();
    await this.#poller.look();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#poller.close();
    this.#waiting.close();
    await this.#submitting;
    await this.#canceller.send();
    await this.#poller.settled();
  }

  /** What the cluster has and allows. */
  async #learn(): Promise<void> {
    const answer = await this.#link.commands.cluster();
    if (answer.is === 'refused') {
      throw new Problem('no-slurm', `Slurm cannot be used here: ${answer.message}`, {
        hint: 'Run it on a login node of the cluster, or with --executor local.',
      });
    }
    if (answer.is === 'answer') this.#cluster.learn(answer.value);
    else this.#tell(this.#link.unanswered(answer.message));
  }

  /** Hands over what waits, unless it is no time for that. */
  #handOver(): void {
    // Whoever does not answer, or has no room, is not asked for more until a look at the queue went well.
    if (this.#link.isSilent || this.#waiting.isHeld) return this.#poller.plan();
    const limits = { arraySize: this.#cluster.arraySize, packed: this.#site.packed ?? 1 };
    for (const packs of grouped(this.#waiting.take(), limits)) {
      this.#submitting = this.#submitting.then(() => this.#submit(packs));
    }
  }

  async #submit(taken: readonly (readonly Job[])[]): Promise<void> {
    if (this.#isClosed) return;
    const packs = taken
      .map((pack) => pack.filter((job) => this.#waiting.begin(job)))
      .filter(({ length }) => length > 0);
    if (packs.length === 0) return;
    const batch = this.#submitter.prepare(packs);
    this.#tell(batch.slurmJobs.map(({ job, as }) => ({ type: 'submitting', job, as })));
    const { answer, changes, putBack } = await this.#submitter.send(batch);
    this.#waiting.submitted({ isTaken: answer.is === 'answer' || answer.is === 'refused' });
    for (const job of putBack) this.#waiting.putBack(job);
    this.#tell(changes);
    for (const slurmJob of batch.slurmJobs) {
      if (slurmJob.cancelled && this.#jobs.has(slurmJob)) this.#canceller.add(slurmJob);
    }
    if (answer.is === 'silent') this.#tell(this.#link.unanswered(answer.message));
    await this.#canceller.send();
    this.#poller.stir();
  }

  /** Together with others that come at the same time. */
  #cancelSoon(slurmJob: SlurmJob): void {
    if (this.#canceller.isIdle) setTimeout(() => void this.#sendCancels(), 0);
    this.#canceller.add(slurmJob);
  }

  async #sendCancels(): Promise<void> {
    if (await this.#canceller.send()) this.#poller.stir();
  }

  async #look(): Promise<void> {
    const known = this.#jobs.handedOver();
    if (known.length === 0 && this.#waiting.size === 0) return;
    const answer = await this.#link.commands.queue();
    if (answer.is !== 'answer') return this.#tell(this.#link.unanswered(answer.message));
    this.#link.answered();
    if (this.#waiting.size > 0) this.#waiting.handOverSoon();
    if (!this.#cluster.isKnown) await this.#learn();
    const listing = new Listing(answer.value);
    const absent = this.#observe(known, listing);
    if (absent.length > 0) await this.#lookForAbsent(absent);
    await this.#sweeper.sweep(listing);
  }

  /** A listing may be empty, old or cut off: what it does not have is looked for in the controller's own memory. */
  async #lookForAbsent(absent: readonly SlurmJob[]): Promise<void> {
    const answer = await this.#link.commands.jobs();
    if (answer.is !== 'answer') return this.#tell(this.#link.unanswered(answer.message));
    const listing = new Listing(answer.value);
    const forgotten = this.#observe(
      absent.filter((slurmJob) => this.#jobs.has(slurmJob)),
      listing,
    );
    for (const slurmJob of forgotten) this.#tell(this.#reconciler.forgotten(slurmJob, listing));
    if (!this.#cluster.hasAccounting) return;
    const wordless = forgotten.filter(
      (slurmJob) => this.#jobs.has(slurmJob) && beginningOf(slurmJob.job.folder).copies > 0,
    );
    for (const [slurmJob, row] of await this.#accounts.over(wordless)) this.#tell(this.#reconciler.over(slurmJob, row));
  }

  /** Gives those that the listing does not have. */
  #observe(slurmJobs: readonly SlurmJob[], listing: Listing): SlurmJob[] {
    return slurmJobs.filter((slurmJob) => {
      const row = listing.find(slurmJob.as);
      if (row) this.#observeRow(slurmJob, row);
      return !row;
    });
  }

  #observeRow(slurmJob: SlurmJob, row: QueueRow): void {
    const { changes, isNewState, isStuck } = this.#reconciler.observe(slurmJob, row);
    if (isNewState) this.#poller.happened();
    if (isStuck) void this.#link.commands.cancel(slurmJob.as.name, [scancelId(slurmJob.as)]);
    this.#tell(changes);
    if (this.#canceller.isOverdue(slurmJob) && this.#jobs.has(slurmJob)) this.#cancelSoon(slurmJob);
  }

  #tell(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.type === 'exited') this.#poller.happened();
      this.#listener(change);
    }
  }
}
