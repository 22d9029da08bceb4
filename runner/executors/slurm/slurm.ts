import { Problem } from '../../../cache/problem.ts';
import type { Resources } from '../../../tasks/core/resources.ts';
import type { Change, Executor, Job, QueueStatus, Submitted } from '../executor.ts';
import { Accounts } from './accounts.ts';
import { Canceller } from './canceller.ts';
import { ControllerLink } from './queue/controller-link.ts';
import { Endings } from './endings.ts';
import type { LingeringJobs } from './lingering-jobs.ts';
import { HandOver } from './hand-over.ts';
import { Poller } from './pace/poller.ts';
import { QueueRoom } from './pace/queue-room.ts';
import type { SlurmCommands } from './queue/commands.ts';
import { KnownCluster } from './queue/known-cluster.ts';
import { Listing } from './queue/listing.ts';
import { queueStatusOf } from './queue/queue-status.ts';
import type { QueueRow } from './queue/queue-text.ts';
import { Reconciler } from './reconciler.ts';
import { beginningOf, isDone, readExit } from './script/exit-record.ts';
import type { SlurmSite } from './script/slurm-site.ts';
import { scancelId, type SlurmJob } from './jobs/slurm-job.ts';
import { RenamedJobs } from './jobs/renamed-jobs.ts';
import { SlurmJobs } from './jobs/slurm-jobs.ts';
import { Sweeper } from './sweeper.ts';

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
  readonly #link: ControllerLink;
  readonly #cluster: KnownCluster;
  readonly #room: QueueRoom;
  readonly #jobs = new SlurmJobs();
  readonly #renamed: RenamedJobs;
  readonly #waiting: HandOver;
  readonly #canceller: Canceller;
  readonly #reconciler: Reconciler;
  readonly #sweeper: Sweeper;
  readonly #accounts: Accounts;
  readonly #poller: Poller;
  #listener: (change: Change) => void = () => {};

  constructor(site: SlurmSite, commands: SlurmCommands, lingering?: LingeringJobs) {
    const jobs = this.#jobs;
    const endings = new Endings(jobs, lingering);
    this.visibleWithinSeconds = site.visibleWithinSeconds;
    this.#link = new ControllerLink(commands);
    this.#cluster = new KnownCluster(site);
    this.#room = new QueueRoom(site.maxQueued ?? usualMostQueued);
    this.#canceller = new Canceller(commands, jobs);
    this.#sweeper = new Sweeper(commands, jobs, lingering);
    this.#reconciler = new Reconciler({ site, jobs, sweeper: this.#sweeper, endings });
    this.#accounts = new Accounts(commands);
    this.#renamed = new RenamedJobs(commands);
    this.#waiting = new HandOver({
      site,
      jobs,
      endings,
      link: this.#link,
      cluster: this.#cluster,
      canceller: this.#canceller,
      tell: (changes) => this.#tell(changes),
      stir: () => this.#poller.stir(),
      plan: () => this.#poller.plan(),
    });
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
    return row ? queueStatusOf(row) : this.#waiting.queueStatus(job);
  }

  endedWell(folder: string): boolean {
    const ownWord = readExit(folder, beginningOf(folder).copies - 1);
    return ownWord !== undefined && isDone(ownWord.record);
  }

  async settle(): Promise<void> {
    this.#waiting.handOver();
    await this.#waiting.settled();
    await this.#poller.settled();
    await this.#poller.look();
  }

  async close(): Promise<void> {
    this.#poller.close();
    await this.#waiting.close();
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
    const nameless = this.#observe(
      absent.filter((slurmJob) => this.#jobs.has(slurmJob)),
      listing,
    );
    const forgotten: SlurmJob[] = [];
    for (const slurmJob of nameless) {
      const { job, as } = slurmJob;
      const row = await this.#renamed.find({ folder: job.folder, as }, listing);
      if (row && this.#jobs.has(slurmJob)) this.#observeRow(slurmJob, row);
      else if (this.#jobs.has(slurmJob)) forgotten.push(slurmJob);
    }
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
    if (isStuck) void this.#link.commands.cancel(row.name, [scancelId(slurmJob.as)]);
    this.#tell(changes);
    if (this.#canceller.isOverdue(slurmJob) && this.#jobs.has(slurmJob)) this.#cancelSoon(slurmJob);
  }

  #tell(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#listener(change);
      if (change.type !== 'exited') continue;
      this.#poller.happened();
      this.#waiting.madeRoom();
    }
  }
}
