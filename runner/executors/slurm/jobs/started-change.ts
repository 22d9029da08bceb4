import type { Change, Job } from '../../executor.ts';
import { copyOf } from './slurm-job.ts';

/** How a copy of a job began. */
export interface Began {
  readonly host: string;
  /** Counted from 0. */
  readonly copy: number;
  /** Of its shared outputs; empty or undefined when there are none. */
  readonly outName: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number | undefined;
}

export function startedChange(job: Job, { host, copy, outName, at }: Began): Change {
  const secondsAgo = at === undefined ? 0 : Math.max(0, (Date.now() - at) / 1000);
  return { type: 'started', job, host, copy: copyOf(job, copy, outName || undefined), secondsAgo };
}
