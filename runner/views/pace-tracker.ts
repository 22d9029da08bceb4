import type { Progress } from '../../tasks/core/spec.ts';
import type { Pace } from './node-row.ts';

interface Seen {
  readonly attempt: number;
  readonly first: { readonly done: number; readonly at: number };
}

/**
 * Turns progress into pace. Counted from the first progress seen of an attempt, not from zero: an attempt that goes on from a
 * checkpoint did not do the first half in its first second.
 */
export class PaceTracker {
  readonly #seen = new Map<string, Seen>();

  /** `now` is milliseconds since the epoch. */
  pace(address: string, attempt: number, progress: Progress, now: number): Pace {
    const seen = this.#seen.get(address);
    if (!seen || seen.attempt !== attempt || progress.done < seen.first.done) {
      this.#seen.set(address, { attempt, first: { done: progress.done, at: now } });
      return progress;
    }
    const made = progress.done - seen.first.done;
    const seconds = (now - seen.first.at) / 1000;
    // Two seconds are too short to judge by.
    if (made <= 0 || seconds < 2) return progress;
    return { ...progress, secondsLeft: ((progress.total - progress.done) / made) * seconds };
  }
}
