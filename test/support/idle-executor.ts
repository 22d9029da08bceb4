import type { Executor, Job, QueueStatus } from '../../runner/executors/executor.ts';
import type { Resources } from '../../tasks/core/resources.ts';

/** An executor with so many cores that starts nothing: its jobs hold their cores until the test takes them away. */
export class IdleExecutor implements Executor {
  readonly outlivesDriver: boolean;
  readonly jobs: Job[] = [];
  readonly adopted: Job[] = [];
  readonly cancelled: Job[] = [];
  /** Why it takes no job at the moment. */
  broken: Error | undefined;
  readonly #cpus: number;
  readonly #running = new Set<Job>();

  constructor({ cpus = 4, outlivesDriver = false }: { cpus?: number; outlivesDriver?: boolean } = {}) {
    this.#cpus = cpus;
    this.outlivesDriver = outlivesDriver;
  }

  async open(): Promise<void> {}

  hasRoom({ cpus = 1 }: Resources): boolean {
    const held = [...this.#running].filter(({ isService }) => !isService).map(({ resources }) => resources.cpus ?? 1);
    return cpus + held.reduce((sum, one) => sum + one, 0) <= this.#cpus;
  }

  refusal({ cpus = 1 }: Resources): string | undefined {
    return cpus > this.#cpus ? `it asks for ${cpus} cores of ${this.#cpus}` : undefined;
  }

  submit(job: Job): void {
    if (this.broken) throw this.broken;
    this.jobs.push(job);
    this.#running.add(job);
  }

  adopt(job: Job): void {
    this.adopted.push(job);
  }

  cancel(job: Job): void {
    this.cancelled.push(job);
  }

  queueStatus(): QueueStatus | undefined {
    return undefined;
  }

  onChange(): void {}

  /** A job has ended, and nobody is told. */
  free(job: Job): void {
    this.#running.delete(job);
  }

  async settle(): Promise<void> {}
  async close(): Promise<void> {}
}
