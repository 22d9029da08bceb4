import type { LingeringJobs } from './lingering-jobs.ts';
import { standingOf } from './queue/classify.ts';
import type { SlurmCommands } from './queue/commands.ts';
import type { Listing } from './queue/listing.ts';
import { withdrawJob } from './script/exit-record.ts';
import { scancelId, type SlurmJob } from './jobs/slurm-job.ts';
import type { SlurmJobs } from './jobs/slurm-jobs.ts';

/** Sees to it that what this driver is done with does not begin, and does not stand in the queue. */
export class Sweeper {
  readonly #commands: Pick<SlurmCommands, 'cancel'>;
  readonly #jobs: SlurmJobs;
  readonly #lingering: LingeringJobs | undefined;
  /** Names that were given up: should a job of that name turn up, it goes. */
  readonly #withdrawn = new Set<string>();

  constructor(commands: Pick<SlurmCommands, 'cancel'>, jobs: SlurmJobs, lingering: LingeringJobs | undefined) {
    this.#commands = commands;
    this.#jobs = jobs;
    this.#lingering = lingering;
  }

  /** Makes sure that no job begins this attempt's work. False when one has begun it. */
  withdraw({ job, as }: SlurmJob): boolean {
    if (!withdrawJob(job.folder)) return false;
    this.#withdrawn.add(as.name);
    return true;
  }

  async sweep(listing: Listing): Promise<void> {
    this.#cancelLate(listing);
    await this.#cancelLingering(listing);
  }

  /** What turns up under a name that was given up does nothing, and only stands in the queue. */
  #cancelLate(listing: Listing): void {
    for (const name of this.#withdrawn) {
      if (!listing.has(name) || this.#jobs.named(name).length > 0) continue;
      this.#withdrawn.delete(name);
      void this.#commands.cancel(name, []);
    }
  }

  async #cancelLingering(listing: Listing): Promise<void> {
    for (const lingering of this.#lingering?.known ?? []) {
      const row = listing.find(lingering);
      if (!row || standingOf(row).is === 'over') continue;
      await this.#commands.cancel(lingering.name, [scancelId({ ...lingering, id: row.id })]);
    }
  }
}
