import { type Clock, monotonic } from './pace/clock.ts';
import type { SlurmCommands } from './queue/commands.ts';
import { nameInQueue, scancelId, type SlurmJob } from './jobs/slurm-job.ts';
import type { SlurmJobs } from './jobs/slurm-jobs.ts';

/** After that an unsuccessful `scancel` is tried again, in seconds. */
const cancelAgainSeconds = 10;

/** Tells Slurm to end jobs: those that come together in one call. */
export class Canceller {
  readonly #commands: Pick<SlurmCommands, 'cancel'>;
  readonly #jobs: SlurmJobs;
  readonly #now: Clock;
  readonly #toCancel = new Set<SlurmJob>();
  #sentAt = 0;

  constructor(commands: Pick<SlurmCommands, 'cancel'>, jobs: SlurmJobs, now = monotonic) {
    this.#commands = commands;
    this.#jobs = jobs;
    this.#now = now;
  }

  add(slurmJob: SlurmJob): void {
    this.#toCancel.add(slurmJob);
  }

  /** Nothing is to be cancelled. */
  get isIdle(): boolean {
    return this.#toCancel.size === 0;
  }

  /** It was told to end some time ago. */
  isOverdue({ cancelled }: SlurmJob): boolean {
    return cancelled === 'told' && this.#now() - this.#sentAt > cancelAgainSeconds;
  }

  /** One call ends a whole array. False when there was nothing to cancel. */
  async send(): Promise<boolean> {
    if (this.isIdle) return false;
    const byName = new Map<string, SlurmJob[]>();
    for (const slurmJob of this.#toCancel) {
      const name = nameInQueue(slurmJob);
      byName.set(name, [...(byName.get(name) ?? []), slurmJob]);
    }
    this.#toCancel.clear();
    this.#sentAt = this.#now();
    for (const [name, cancelled] of byName) {
      // Whatever else has a name that somebody else gave is not ours.
      const isForeign = cancelled.some(({ as }) => as.name !== name);
      const goOn = isForeign || this.#jobs.named(name).some((other) => !other.cancelled);
      // Of a pack the others go on; its job ends when all of them are to end.
      if (goOn && !isForeign && cancelled.some(({ isPacked }) => isPacked)) continue;
      const ids = goOn ? cancelled.map(({ as }) => scancelId(as)) : [];
      const answer = await this.#commands.cancel(name, ids);
      if (answer.is === 'answer') for (const slurmJob of cancelled) this.#jobs.toldToCancel(slurmJob);
    }
    return true;
  }
}
