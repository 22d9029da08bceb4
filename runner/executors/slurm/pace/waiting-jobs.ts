import type { Job } from '../../executor.ts';
import { type Clock, monotonic } from './clock.ts';

/** Jobs go to the scheduler together when for so long none came, in milliseconds: a job's folder may take as long to make. */
const gatherMs = 100;
/** While more come, the first waits no longer than this, in seconds. */
const longestGatherSeconds = 2;
/** Between two tries to submit, in seconds. */
const longestHoldSeconds = 60;

/** Jobs that were not handed to Slurm yet: gathered for a moment, and held back while it takes none. */
export class WaitingJobs {
  readonly #handOver: () => void;
  readonly #now: Clock;
  readonly #byToken = new Map<string, Job>();
  /** Taken, and not begun with: submissions go one after the other. */
  readonly #inTurn = new Map<string, Job>();
  #gathering: NodeJS.Timeout | undefined;
  #gatheringSince = 0;
  #failures = 0;
  #holdUntil = 0;

  /** `handOver` is called when it is time to take what waits. */
  constructor(handOver: () => void, now = monotonic) {
    this.#handOver = handOver;
    this.#now = now;
  }

  get size(): number {
    return this.#byToken.size + this.#inTurn.size;
  }

  /** Each time that a submission fails the next waits longer. */
  get isHeld(): boolean {
    return this.#now() < this.#holdUntil;
  }

  add(job: Job): void {
    this.putBack(job);
    this.handOverSoon();
  }

  /** It waits again, until somebody says that it is time. */
  putBack(job: Job): void {
    this.#byToken.set(job.token, job);
  }

  /** Gives the job as it was added; undefined when it does not wait here any more. */
  remove({ token }: Job): Job | undefined {
    const job = this.#byToken.get(token) ?? this.#inTurn.get(token);
    this.#byToken.delete(token);
    this.#inTurn.delete(token);
    return job;
  }

  has({ token }: Job): boolean {
    return this.#byToken.has(token) || this.#inTurn.has(token);
  }

  handOverSoon(): void {
    if (this.#gathering === undefined) this.#gatheringSince = this.#now();
    clearTimeout(this.#gathering);
    const leftMs = (this.#gatheringSince + longestGatherSeconds - this.#now()) * 1000;
    this.#gathering = setTimeout(
      () => {
        this.#gathering = undefined;
        this.#handOver();
      },
      Math.max(0, Math.min(gatherMs, leftMs)),
    );
  }

  /** All that waits for a submission, in the order in which it came. Each job has to be begun with when its turn comes. */
  take(): Job[] {
    this.#stopGathering();
    const jobs = [...this.#byToken.values()];
    for (const job of jobs) this.#inTurn.set(job.token, job);
    this.#byToken.clear();
    return jobs;
  }

  /** False when it was removed while it waited for its turn. */
  begin({ token }: Job): boolean {
    return this.#inTurn.delete(token);
  }

  /** How the last submission went: `isTaken` is false when Slurm did not answer, or had no room. */
  submitted({ isTaken }: { isTaken: boolean }): void {
    this.#failures = isTaken ? 0 : this.#failures + 1;
    this.#holdUntil = isTaken ? 0 : this.#now() + Math.min(longestHoldSeconds, 2 ** this.#failures);
  }

  /** What waits stays: its folders are there, and nobody else knows of them, so the next driver starts them. */
  close(): void {
    this.#stopGathering();
    this.#byToken.clear();
    this.#inTurn.clear();
  }

  #stopGathering(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
  }
}
