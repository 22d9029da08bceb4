import { type Clock, monotonic } from './pace/clock.ts';
import { standingOf } from './queue/classify.ts';
import type { SlurmCommands } from './queue/commands.ts';
import { Listing } from './queue/listing.ts';
import type { QueueRow } from './queue/queue-text.ts';
import type { SlurmJob } from './jobs/slurm-job.ts';

/** Accounting is slow, and what it does not know now it may know later. */
const pauseSeconds = 15;

/** Where there is accounting it knows how a job ended that left no word and that the controller has forgotten. */
export class Accounts {
  readonly #commands: Pick<SlurmCommands, 'accounted'>;
  readonly #now: Clock;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(commands: Pick<SlurmCommands, 'accounted'>, now = monotonic) {
    this.#commands = commands;
    this.#now = now;
  }

  /** Those that are over by its word; none when it was asked just now, or does not answer. */
  async over(slurmJobs: readonly SlurmJob[]): Promise<(readonly [SlurmJob, QueueRow])[]> {
    if (slurmJobs.length === 0 || this.#now() - this.#askedAt <= pauseSeconds) return [];
    this.#askedAt = this.#now();
    const answer = await this.#commands.accounted([...new Set(slurmJobs.map(({ as }) => as.name))]);
    if (answer.is !== 'answer') return [];
    const listing = new Listing(answer.value);
    return slurmJobs.flatMap((slurmJob) => {
      const row = listing.find(slurmJob.as);
      return row && standingOf(row).is === 'over' ? [[slurmJob, row] as const] : [];
    });
  }
}
