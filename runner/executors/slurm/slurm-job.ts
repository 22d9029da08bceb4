import { join } from 'node:path';
import { inCopy } from '../requeue-paths.ts';
import type { Copy, Job, Submitted } from '../executor.ts';
import { copyFolder } from './script/exit-record.ts';
import type { QueueRow } from './queue/queue-text.ts';

/** A job from the moment that it was handed over until its end was reported. Times are of the monotonic clock, in seconds. */
export interface SlurmJob {
  readonly job: Job;
  as: Submitted;
  /** Several jobs of one array element: Slurm sees only the whole. */
  readonly isPacked: boolean;
  /** `unsure`: nobody knows whether the scheduler has it. */
  phase: 'submitting' | 'unsure' | 'submitted';
  isStarted: boolean;
  /** As Slurm counts them. */
  restarts: number;
  /** Copies that had begun when it last went back into the queue: the next is a later one. */
  copiesBefore: number;
  cancelled: false | 'asked' | 'told';
  row: QueueRow | undefined;
  /** Since when it is over without its own word, or not to be found. */
  missingSince: number | undefined;
  startedAt: number | undefined;
}

export function newSlurmJob(job: Job, as: Submitted, phase: SlurmJob['phase'], isPacked: boolean): SlurmJob {
  return {
    job,
    as,
    isPacked,
    phase,
    isStarted: false,
    restarts: 0,
    copiesBefore: 0,
    cancelled: false,
    row: undefined,
    missingSince: undefined,
    startedAt: undefined,
  };
}

/** Where a copy of a job writes; `outName` is the folder of its shared outputs. */
export function copyOf({ folder, shared }: Job, copy: number, outName = 'out'): Copy {
  const here = copyFolder(folder, copy);
  const told = { folder, sharedOut: shared && join(shared.work, 'out') };
  const place = { here, out: shared ? join(shared.work, outName) : '' };
  return { folder: here, out: (path) => inCopy(path, told, place) };
}

/** Rows by name, and within an array by index. Ids play no part: Slurm gives them to others after a crash. */
export class Listing {
  readonly #byName = new Map<string, QueueRow[]>();

  constructor(rows: readonly QueueRow[]) {
    for (const row of rows) {
      const same = this.#byName.get(row.name);
      if (same) same.push(row);
      else this.#byName.set(row.name, [row]);
    }
    for (const same of this.#byName.values()) same.sort((a, b) => (a.index ?? -1) - (b.index ?? -1));
  }

  find({ name, index }: Submitted): QueueRow | undefined {
    const same = this.#byName.get(name) ?? [];
    if (same.length < 9) return same.find((row) => row.index === index);
    // Arrays are long, and asked for element by element.
    let [low, high] = [0, same.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = same[middle]?.index ?? -1;
      if (at === (index ?? -1)) return same[middle];
      if (at < (index ?? -1)) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** Whether anything of that name is known, for example another element of the array. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }
}
