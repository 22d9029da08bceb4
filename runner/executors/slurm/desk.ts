import type { SlurmSite } from './script/slurm-site.ts';
import type { Change, Job } from '../executor.ts';
import type { Verdict } from './queue/classify.ts';
import type { Cluster } from './queue/cluster.ts';
import type { SlurmCommands } from './queue/commands.ts';
import type { SlurmJob } from './slurm-job.ts';

/** What the parts of the executor share. */
export interface SlurmDesk {
  readonly site: SlurmSite;
  readonly commands: SlurmCommands;
  /** Unknown until somebody answers. */
  cluster: Cluster | undefined;
  readonly jobs: Map<Job, SlurmJob>;
  /** Nobody answered the last time. */
  isSilent: boolean;
  isClosed: boolean;
  readonly tell: (change: Change) => void;
  /** It is not quiet: looks go on as often as they do. */
  readonly happened: () => void;
  /** Something happened or is about to: the next look comes soon. */
  readonly stir: () => void;
  /** The time of the next look is worked out again. */
  readonly replan: () => void;
  /** Nobody answers. */
  readonly trouble: (message: string) => void;
  readonly accepted: (one: SlurmJob, id: string) => void;
  readonly end: (one: SlurmJob, verdict: Verdict) => void;
}

/** Seconds of a clock that only goes forward. */
export function monotonic(): number {
  return performance.now() / 1000;
}
