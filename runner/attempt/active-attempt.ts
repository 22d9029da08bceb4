import type { Copy, Executor } from '../executors/executor.ts';
import { inCopy, type StagedJob } from '../job/staged-job.ts';
import type { Tries } from '../log/tries.ts';

interface Begun {
  readonly job: StagedJob;
  readonly executor: Executor;
  /** As the site names its executor. */
  readonly executorName: string;
  /** Its code was frozen when it was submitted. */
  readonly frozen: boolean;
  /** What had failed before it. */
  readonly tries: Tries;
}

/** A job on its way, and where the copy of it that counts writes. */
export class ActiveAttempt {
  readonly job: StagedJob;
  readonly executor: Executor;
  readonly executorName: string;
  readonly frozen: boolean;
  readonly tries: Tries;
  #startedAt = performance.now();
  #copy: Copy | undefined;
  #jobInCopy: StagedJob;
  #isEnding = false;

  constructor({ job, executor, executorName, frozen, tries }: Begun) {
    this.job = job;
    this.executor = executor;
    this.executorName = executorName;
    this.frozen = frozen;
    this.tries = tries;
    this.#jobInCopy = job;
  }

  get copy(): Copy | undefined {
    return this.#copy;
  }

  /** The job with the folders in which the copy that counts writes. */
  get jobInCopy(): StagedJob {
    return this.#jobInCopy;
  }

  /** It has ended, and is being looked at. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Since it started, as far as this driver has seen. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  started(copy: Copy | undefined, secondsAgo: number): void {
    this.#setCopy(copy);
    this.#startedAt = performance.now() - secondsAgo * 1000;
  }

  /** The next copy of it writes elsewhere. */
  requeued(): void {
    this.#setCopy(undefined);
  }

  exited(copy: Copy | undefined): void {
    this.#setCopy(copy ?? this.#copy);
    this.#isEnding = true;
  }

  #setCopy(copy: Copy | undefined): void {
    this.#copy = copy;
    this.#jobInCopy = inCopy(this.job, copy);
  }
}
