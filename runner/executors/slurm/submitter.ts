import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '../executor.ts';
import { batchText } from './script/batch-text.ts';
import type { Canceller } from './canceller.ts';
import { cancelledVerdict } from './queue/classify.ts';
import { gresType } from './queue/cluster.ts';
import { monotonic, type SlurmDesk } from './desk.ts';
import { grouped } from './script/grouping.ts';
import { slurmJobText } from './script/job-text.ts';
import { sbatchOptions } from './script/options.ts';
import { halve } from './script/secrets.ts';
import { type SlurmJob, newSlurmJob } from './slurm-job.ts';

/** Jobs that come within this time go to the scheduler together, in milliseconds. */
const gatherMs = 20;
/** Half of a job's secrets is in this variable, the other half in its folder. */
const padVariable = 'STET_PAD';
/** Between two tries to submit, in seconds. */
const longestHoldSeconds = 60;
/** Elements of an array, as long as nobody said how many there may be. */
const usualArraySize = 1000;

/** Hands jobs to Slurm: gathered, as arrays, their names on record first. */
export class Submitter {
  readonly #desk: SlurmDesk;
  readonly #canceller: Canceller;
  #waiting: Job[] = [];
  #gather: NodeJS.Timeout | undefined;
  #submission: Promise<void> = Promise.resolve();
  #failures = 0;
  #holdUntil = 0;

  constructor(desk: SlurmDesk, canceller: Canceller) {
    this.#desk = desk;
    this.#canceller = canceller;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(job: Job): void {
    this.#waiting.push(job);
    this.flushSoon();
  }

  /** False when it does not wait here any more. */
  remove(job: Job): boolean {
    const at = this.#waiting.indexOf(job);
    if (at >= 0) this.#waiting.splice(at, 1);
    return at >= 0;
  }

  flushSoon(): void {
    this.#gather ??= setTimeout(() => this.flush(), gatherMs);
  }

  /** All that was handed over has been answered, one way or the other. */
  async settled(): Promise<void> {
    await this.#submission;
  }

  /** What waits stays: its folders are there, and nobody else knows of them, so the next driver starts them. */
  async close(): Promise<void> {
    clearTimeout(this.#gather);
    this.#waiting = [];
    await this.#submission;
  }

  /** Hands over what waits, unless it is no time for that. */
  flush(): void {
    clearTimeout(this.#gather);
    this.#gather = undefined;
    // Whoever does not answer, or has no room, is not asked for more until a look at the queue went well.
    if (this.#desk.isSilent || monotonic() < this.#holdUntil) return this.#desk.replan();
    const jobs = this.#waiting.splice(0);
    if (jobs.length === 0) return;
    const { arraySize = usualArraySize } = this.#desk.cluster ?? {};
    for (const packs of grouped(jobs, { arraySize, packed: this.#desk.site.packed ?? 1 })) {
      // One after the other: a controller with a full queue is not helped by a crowd.
      this.#submission = this.#submission.then(() => this.#submit(packs));
    }
  }

  async #submit(packs: readonly (readonly Job[])[]): Promise<void> {
    const jobs = packs.flat();
    const [first] = jobs;
    if (!first || this.#desk.isClosed) return;
    const name = jobs.length === 1 ? first.token : `${first.token}.x${jobs.length}`;
    const isArray = packs.length > 1;
    const isPacked = packs.some((pack) => pack.length > 1);
    const halves = Object.keys(first.secrets).length > 0 ? halve(first.secrets) : undefined;
    const all: SlurmJob[] = [];
    for (const [index, pack] of packs.entries()) {
      for (const [place, job] of pack.entries()) {
        const as = { name, ...(isArray ? { index } : {}), ...(isPacked ? { pack: place } : {}) };
        const one = newSlurmJob(job, as, 'submitting', isPacked);
        this.#desk.jobs.set(job, one);
        all.push(one);
        this.#write(job, halves?.hidden);
        this.#desk.tell({ type: 'submitting', job, as });
      }
    }
    const script = batchText(packs);
    const options = sbatchOptions(
      { name, packs: packs.map((pack) => pack.map((job) => this.#spelled(job))) },
      this.#desk.site,
    );
    const answer = await this.#desk.commands.submit(options, script, halves ? { [padVariable]: halves.pad } : {});
    this.#hold(answer.is === 'answer' || answer.is === 'refused');
    for (const one of all) {
      if (answer.is === 'answer') this.#desk.accepted(one, answer.value);
      else if (answer.is === 'full') this.#putBack(one);
      else if (answer.is === 'refused') {
        this.#desk.end(one, { code: null, signal: undefined, cause: 'refused', detail: answer.message });
      } else one.phase = 'unsure';
      if (one.cancelled && this.#desk.jobs.has(one.job)) this.#canceller.add(one);
    }
    if (answer.is === 'silent') this.#desk.trouble(answer.message);
    await this.#canceller.tell();
    this.#desk.stir();
  }

  #putBack(one: SlurmJob): void {
    this.#desk.jobs.delete(one.job);
    if (one.cancelled) this.#desk.end(one, cancelledVerdict);
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
    writeFileSync(join(job.folder, 'job.sh'), slurmJobText(job, this.#desk.site, secrets));
  }

  /** GPU types as the cluster spells them. */
  #spelled(job: Job): Job {
    const { gpuType, ...resources } = job.resources;
    if (gpuType === undefined || !this.#desk.cluster) return job;
    const spelled = gresType(this.#desk.cluster, this.#desk.site, gpuType);
    return { ...job, resources: spelled === undefined ? resources : { ...resources, gpuType: spelled } };
  }
}
