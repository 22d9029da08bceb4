import type { Submitted } from '../executor.ts';
import { standingOf } from './queue/classify.ts';
import { monotonic, type SlurmDesk } from './desk.ts';
import { withdrawJob } from './script/exit-record.ts';
import type { LingeringJobs } from './lingering-jobs.ts';
import type { Listing, SlurmJob } from './slurm-job.ts';

/** After that an unsuccessful `scancel` is tried again, in seconds. */
const cancelAgainSeconds = 10;

/** Ends jobs, and sees to it that those that are done with stay away. */
export class Canceller {
  readonly #desk: SlurmDesk;
  readonly #lingering: LingeringJobs | undefined;
  readonly #toCancel = new Set<SlurmJob>();
  /** Names that were given up: should a job of that name turn up, it goes. */
  readonly #withdrawn = new Set<string>();
  #cancelledAt = 0;

  constructor(desk: SlurmDesk, lingering: LingeringJobs | undefined) {
    this.#desk = desk;
    this.#lingering = lingering;
  }

  add(one: SlurmJob): void {
    this.#toCancel.add(one);
  }

  /** Together with others that come at the same time: one call ends a whole array. */
  addSoon(one: SlurmJob): void {
    this.#toCancel.add(one);
    if (this.#toCancel.size === 1) setTimeout(() => void this.tell(), 0);
  }

  /** It was told to end some time ago, and is still there. */
  isOverdue({ cancelled }: SlurmJob): boolean {
    return cancelled === 'told' && monotonic() - this.#cancelledAt > cancelAgainSeconds;
  }

  async tell(): Promise<void> {
    if (this.#toCancel.size === 0) return;
    const byName = new Map<string, SlurmJob[]>();
    for (const one of this.#toCancel) byName.set(one.as.name, [...(byName.get(one.as.name) ?? []), one]);
    this.#toCancel.clear();
    this.#cancelledAt = monotonic();
    for (const [name, some] of byName) {
      const others = [...this.#desk.jobs.values()].filter((other) => other.as.name === name && !other.cancelled);
      // Of a pack the others go on; its job ends when all of them are to end.
      if (others.length > 0 && some.some(({ isPacked }) => isPacked)) continue;
      const ids = others.length > 0 ? some.map(({ as }) => idOf(as)) : [];
      const answer = await this.#desk.commands.cancel(name, ids);
      for (const one of some) if (answer.is === 'answer') one.cancelled = 'told';
    }
    this.#desk.stir();
  }

  /** Makes sure that no job begins this attempt's work. False when one has begun it. */
  withdraw({ job, as }: SlurmJob): boolean {
    if (!withdrawJob(job.folder)) return false;
    this.#withdrawn.add(as.name);
    return true;
  }

  /** What turns up under a name that was given up does nothing, and only stands in the queue. */
  cancelLate(listing: Listing): void {
    for (const name of this.#withdrawn) {
      if (!listing.has(name) || [...this.#desk.jobs.values()].some(({ as }) => as.name === name)) continue;
      this.#withdrawn.delete(name);
      void this.#desk.commands.cancel(name, []);
    }
  }

  async cancelLingering(listing: Listing): Promise<void> {
    for (const lingering of this.#lingering?.known ?? []) {
      const row = listing.find(lingering);
      if (row && standingOf(row).is !== 'over')
        await this.#desk.commands.cancel(lingering.name, [idOf({ ...lingering, id: row.id })]);
    }
  }
}

/** As `scancel` takes it. */
export function idOf({ id, index }: Submitted): string {
  return index === undefined ? (id ?? '') : `${id}_${index}`;
}
