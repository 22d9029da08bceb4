import type { Resources } from '../../tasks/core/resources.ts';

/** One attempt at one node, ready to start: a prepared folder plus resources. */
export interface Job {
  /** Unique within the run. */
  readonly id: string;
  readonly label: string;
  /** Absolute; holds `job.sh`, and `log.txt` later. */
  readonly folder: string;
  /** What `job.sh` does, for executors that need no shell to do it. */
  readonly command: JobCommand;
  readonly resources: Resources;
  /** Variables for the job that must not be written to disk. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface JobCommand {
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Exit {
  /** Null when a signal ended the job. */
  readonly code: number | null;
  readonly signal: string | undefined;
  /** The executor ended it because it was told to. */
  readonly cancelled: boolean;
}

export type Change =
  | { readonly type: 'started'; readonly job: Job; readonly host: string; readonly pid?: number }
  | { readonly type: 'exited'; readonly job: Job; readonly exit: Exit };

/** Starts jobs and reports their changes. Knows nothing else. */
export interface Executor {
  /** Loads what only jobs need. Awaited before the first `submit`; a run that has nothing to do never opens it. */
  open(): Promise<void>;
  /** Whether a job with these resources can be started now. */
  hasRoom(resources: Resources): boolean;
  /** Why no job with these resources can ever start here, in words; undefined when it can. */
  refusal(resources: Resources): string | undefined;
  submit(job: Job): void;
  /** Ends a job: politely, and after a grace time for good; at once when `now`. */
  cancel(job: Job, how?: { now?: boolean }): void;
  /** Called with every change, in order. */
  onChange(listener: (change: Change) => void): void;
  close(): Promise<void>;
}
