import { join } from 'node:path';
import { inCopy } from '../../requeue-paths.ts';
import type { Copy, Job, Submitted } from '../../executor.ts';
import { copyFolder } from '../script/copy-folder.ts';
import type { QueueRow } from '../queue/queue-text.ts';

/**
 * A job from the moment that it is handed to Slurm until its end was told. Only the table of jobs changes it.
 *
 *     submitting ──▶ submitted          Slurm gave an id
 *          │             ▲
 *          └──▶ unsure ──┘              no answer, or of an earlier driver: the queue may show it
 */
export interface SlurmJob {
  /** As it was given first: whoever speaks of it later may hold a copy. */
  readonly job: Job;
  readonly as: Submitted;
  /** Several jobs of one array element: Slurm sees only the whole. */
  readonly isPacked: boolean;
  /** `unsure`: nobody knows whether the scheduler has it. */
  readonly phase: 'submitting' | 'unsure' | 'submitted';
  readonly isStarted: boolean;
  /** As Slurm counts them. */
  readonly restarts: number;
  /** Copies that had begun when it last went back into the queue: the next is a later one. */
  readonly copiesBefore: number;
  readonly cancelled: false | 'asked' | 'told';
  /** What the queue said of it last. */
  readonly row: QueueRow | undefined;
  /** Since when it is over without its own word, or not to be found and not to be heard; seconds of the monotonic clock. */
  readonly missingSince: number | undefined;
  /** The last sign of life that was heard of it while it was not to be found. */
  readonly beat: string;
  /** As Slurm tells it, in milliseconds since the epoch. */
  readonly startedAt: number | undefined;
}

/** Where a copy of a job writes; `outName` is the folder of its shared outputs. */
export function copyOf({ folder, shared }: Job, copy: number, outName = 'out'): Copy {
  const here = copyFolder(folder, copy);
  const asTold = { folder, sharedOut: shared && join(shared.work, 'out') };
  const asCopied = { here, out: shared ? join(shared.work, outName) : '' };
  return { folder: here, out: (path) => inCopy(path, asTold, asCopied) };
}

/** What Slurm calls it by now: somebody may have renamed it. */
export function nameInQueue({ as, row }: SlurmJob): string {
  return row?.name ?? as.name;
}

/** As `scancel` takes it. */
export function scancelId({ id, index }: Submitted): string {
  return index === undefined ? (id ?? '') : `${id}_${index}`;
}
