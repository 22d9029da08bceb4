import { fileProblem } from '../../../cache/file-problem.ts';
import { count } from '../../words/quantities.ts';
import type { Change, Job, QueueStatus } from '../executor.ts';
import type { Canceller } from './canceller.ts';
import type { Endings } from './endings.ts';
import type { SlurmJobs } from './jobs/slurm-jobs.ts';
import { Portion } from './pace/portion.ts';
import { WaitingJobs } from './pace/waiting-jobs.ts';
import { standingOf } from './queue/classify.ts';
import type { ControllerLink } from './queue/controller-link.ts';
import type { KnownCluster } from './queue/known-cluster.ts';
import { ownWords } from './queue/own-words.ts';
import { notHandedOver } from './queue/queue-status.ts';
import { grouped } from './script/grouping.ts';
import type { SlurmSite } from './script/slurm-site.ts';
import { type Batch, Submitter, type SubmitOutcome } from './submitter.ts';

interface HandOverParts {
  readonly site: SlurmSite;
  readonly jobs: SlurmJobs;
  readonly endings: Endings;
  readonly link: ControllerLink;
  readonly cluster: KnownCluster;
  readonly canceller: Canceller;
  readonly tell: (changes: readonly Change[]) => void;
  /** The queue is looked at soon. */
  readonly stir: () => void;
  /** The time of the next look is worked out again. */
  readonly plan: () => void;
}

/** The limit is this user's own, or of those who share nothing with them: whoever has nothing in the queue never comes below it. */
const ownLimit = /AssocMaxSubmitJob|QOSMaxSubmitJobPerUser|Job violates accounting\/QOS policy/i;

/** The way of jobs to Slurm: gathered for a moment, offered as arrays, and as fewer at a time when they were too many. */
export class HandOver {
  readonly #parts: HandOverParts;
  readonly #submitter: Submitter;
  readonly #waiting = new WaitingJobs(() => this.handOver());
  readonly #portion = new Portion();
  /** One after the other: a controller with a full queue is not helped by a crowd. */
  #submitting: Promise<void> = Promise.resolve();
  /** Why Slurm took no more the last time. */
  #fullBecause: string | undefined;
  /** The last thing that Slurm said was that there is no room. */
  #isWaitingForRoom = false;
  #isDiskFull = false;
  #isClosed = false;

  constructor(parts: HandOverParts) {
    const { site, jobs, endings, link, cluster } = parts;
    this.#parts = parts;
    this.#submitter = new Submitter({ site, commands: link.commands, cluster, jobs, endings });
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(job: Job): void {
    this.#waiting.add(job);
  }

  remove(job: Job): Job | undefined {
    return this.#waiting.remove(job);
  }

  handOverSoon(): void {
    this.#waiting.handOverSoon();
  }

  /** One of the jobs that Slurm has is gone: another may take its place. */
  madeRoom(): void {
    if (!this.#isWaitingForRoom) return;
    this.#isWaitingForRoom = false;
    this.#waiting.submitted({ isTaken: true });
    this.#waiting.handOverSoon();
  }

  /** Why a job waits here, where Slurm took no more; undefined where it is only on its way. */
  queueStatus(job: Job): QueueStatus | undefined {
    return this.#fullBecause !== undefined && this.#waiting.has(job) ? notHandedOver(this.#fullBecause) : undefined;
  }

  /** Hands over what waits, unless it is no time for that. */
  handOver(): void {
    const { link, cluster, site, plan } = this.#parts;
    // Whoever does not answer, or has no room, is not asked for more until a look at the queue went well.
    if (link.isSilent || this.#waiting.isHeld) return plan();
    const arraySize = Math.min(cluster.arraySize, this.#portion.most);
    for (const packs of grouped(this.#waiting.take(), { arraySize, packed: site.packed ?? 1 })) {
      this.#submitting = this.#submitting.then(() => this.#submit(packs));
    }
  }

  /** All that was taken up is on its way. */
  async settled(): Promise<void> {
    await this.#submitting;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.close();
    await this.#submitting;
  }

  async #submit(taken: readonly (readonly Job[])[]): Promise<void> {
    if (this.#isClosed) return;
    const packs = taken
      .map((pack) => pack.filter((job) => this.#waiting.begin(job)))
      .filter(({ length }) => length > 0);
    if (packs.length === 0) return;
    // It was put together before fewer were asked for.
    if (packs.length > this.#portion.most) return this.#again(packs.flat());
    const batch = this.#prepare(packs);
    if (batch) await this.#send(batch, packs.length);
  }

  async #send(batch: Batch, elements: number): Promise<void> {
    const { link, jobs, canceller, tell, stir } = this.#parts;
    tell(batch.slurmJobs.map(({ job, as }) => ({ type: 'submitting', job, as })));
    const outcome = await this.#submitter.send(batch);
    const { answer, changes } = outcome;
    if (answer.is === 'full') await this.#isFull(outcome, answer.message, elements);
    else this.#waiting.submitted({ isTaken: answer.is !== 'silent' });
    if (answer.is === 'answer') this.#portion.taken(elements);
    tell(changes);
    for (const slurmJob of batch.slurmJobs) {
      if (slurmJob.cancelled && jobs.has(slurmJob)) canceller.add(slurmJob);
    }
    if (answer.is === 'silent') tell(link.unanswered(answer.message));
    await canceller.send();
    stir();
  }

  /** Undefined when the scripts could not be written: then they wait until there is room on the disk. */
  #prepare(packs: readonly (readonly Job[])[]): Batch | undefined {
    const all = packs.flat();
    try {
      const batch = this.#submitter.prepare(packs);
      this.#isDiskFull = false;
      return batch;
    } catch (cause) {
      const { message, hint } = fileProblem(cause, all[0]?.folder ?? 'the store');
      for (const job of all) this.#waiting.putBack(job);
      this.#waiting.submitted({ isTaken: false });
      if (!this.#isDiskFull) this.#trouble(`${message} Jobs wait until it can be written to. ${hint ?? ''}`.trim());
      this.#isDiskFull = true;
      this.#parts.plan();
      return undefined;
    }
  }

  /** Of many some may do; when there is no room for one it is no time for that, or never will be. */
  async #isFull({ putBack }: SubmitOutcome, message: string, elements: number): Promise<void> {
    const because = ownWords(message);
    this.#portion.refused(elements);
    const isForGood = elements === 1 && ownLimit.test(message) && (await this.#hasNothingQueued());
    if (isForGood) return this.#refuse(putBack, because);
    this.#waiting.submitted({ isTaken: elements > 1 });
    this.#isWaitingForRoom = elements === 1;
    if (elements > 1) this.#again(putBack);
    else for (const job of putBack) this.#waiting.putBack(job);
    if (because === this.#fullBecause) return;
    this.#fullBecause = because;
    this.#trouble(
      `Slurm does not take ${count(elements, 'job')} at once now: ${because}. Fewer are offered, and the rest waits here.`,
    );
  }

  #refuse(jobs: readonly Job[], detail: string): void {
    this.#waiting.submitted({ isTaken: true });
    const exit = { code: null, signal: undefined, cancelled: false, cause: 'refused' as const, detail };
    this.#parts.tell(jobs.map((job) => ({ type: 'exited', job, exit })));
  }

  async #hasNothingQueued(): Promise<boolean> {
    const answer = await this.#parts.link.commands.queue();
    return answer.is === 'answer' && answer.value.every((row) => standingOf(row).is === 'over');
  }

  /** They are handed over again at once, a few at a time. */
  #again(jobs: readonly Job[]): void {
    for (const job of jobs) this.#waiting.putBack(job);
    this.#waiting.handOverSoon();
  }

  #trouble(message: string): void {
    this.#parts.tell([{ type: 'trouble', message }]);
  }
}
