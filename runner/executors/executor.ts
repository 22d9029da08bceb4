import type { Resources } from '../../tasks/core/resources.ts';
import type { Warning } from '../../tasks/core/spec.ts';

/** One attempt at one node, ready to start: a prepared folder plus resources. */
export interface Job {
  /** Unique within the run. */
  readonly id: string;
  readonly label: string;
  /** The attempt's own name wherever it runs, never used twice: letters, digits, `.` and `-`. On record before `submit`. */
  readonly token: string;
  /** Absolute, and there already; an executor puts `log.txt` into it, and what it starts the job with. */
  readonly folder: string;
  readonly command: JobCommand;
  readonly resources: Resources;
  /** Jobs wait for it to be up: it takes no place of theirs. */
  readonly isService?: boolean | undefined;
  /** Variables for the job that must not be written to disk. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Hosts that did not do. */
  readonly avoid?: readonly string[];
  /** Told to the program ahead of its time limit. */
  readonly warning?: Warning | undefined;
  /** Outputs that attempts share, so that the next goes on where this one ended. */
  readonly shared?: SharedOutputs | undefined;
}

export interface JobCommand {
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What runs instead of `args` when an executor starts the job again after something was left to go on from. */
  readonly resumeArgs?: readonly string[] | undefined;
}

export interface SharedOutputs {
  /** Absolute; `out` in it is what the command was told, `out.1` and so on take its place after a host was lost. */
  readonly work: string;
  /** Grows from attempt to attempt: an older one that wakes up late must not begin. */
  readonly epoch: number;
}

/** What ended a job, as far as that was not its program. */
export type EndCause =
  | 'cancelled'
  | 'cancelled-by-hand'
  | 'preempted'
  | 'time-limit'
  | 'out-of-memory'
  | 'node-failed'
  | 'faulty-node'
  | 'never-started'
  | 'lost'
  | 'refused';

export interface Exit {
  /** Null when a signal ended the job, or nobody knows. */
  readonly code: number | null;
  readonly signal: string | undefined;
  /** The executor ended it because it was told to. */
  readonly cancelled: boolean;
  readonly cause?: EndCause | undefined;
  /** More words for people. */
  readonly detail?: string | undefined;
  readonly usage?: Usage | undefined;
}

export interface Usage {
  readonly host?: string | undefined;
  /** From its start to its end, without the queue. */
  readonly seconds?: number | undefined;
  readonly cpuSeconds?: number | undefined;
  readonly peakMemoryGb?: number | undefined;
}

/** How a scheduler knows a job: by a name, within an array by an index, and there its place among jobs that share an element. */
export interface Submitted {
  readonly name: string;
  readonly index?: number | undefined;
  readonly pack?: number | undefined;
  readonly id?: string | undefined;
}

/** Where the copy of a job that counts writes: a job that was started again has other folders than at first. */
export interface Copy {
  /** Absolute: `outputs.json` and `failure.json` are there. */
  readonly folder: string;
  /** Absolute: what `out` and `out.NAME` of the command stand for now, without the name. */
  readonly out: (path: string) => string;
  /** Files and folders that it left in its outputs, as its own host counted them. */
  readonly entries?: number | undefined;
}

export type Change =
  /** Written down before the scheduler is asked: whatever becomes of its answer, the job can be found by this name. */
  | { readonly type: 'submitting'; readonly job: Job; readonly as: Submitted }
  | { readonly type: 'submitted'; readonly job: Job; readonly as: Submitted }
  | {
      readonly type: 'started';
      readonly job: Job;
      /** Where it runs, as `os.hostname()` has it there. */
      readonly host: string;
      /** Of the leader of its process group, on that host: so the next attempt ends what a killed driver left of this one. */
      readonly pid?: number;
      readonly copy?: Copy | undefined;
      /** How long ago that was, when not just now. */
      readonly secondsAgo?: number | undefined;
    }
  /** The scheduler put it back into the queue, under the same name. */
  | { readonly type: 'requeued'; readonly job: Job; readonly reason: string }
  /** Something that a person should know and that changes nothing: nobody answers, say. */
  | { readonly type: 'trouble'; readonly message: string }
  | { readonly type: 'exited'; readonly job: Job; readonly exit: Exit; readonly copy?: Copy | undefined };

/** What a queue says of a job that has not ended, for people. Times are milliseconds since the epoch. */
export interface QueueStatus {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
  readonly host: string;
  readonly startsAt: number | undefined;
  readonly startedAt: number | undefined;
  readonly limitSeconds: number | undefined;
}

/**
 * Starts jobs and reports their changes. Knows nothing else. Jobs are told apart by their tokens: either side may hand the other
 * a copy.
 */
export interface Executor {
  /** Its jobs run on when the driver is gone, and another can `adopt` them. */
  readonly outlivesDriver: boolean;
  /** So long a file of an ended job is waited for, in seconds: shared file systems show them late. Default 120. */
  readonly visibleWithinSeconds?: number | undefined;
  /** Loads what only jobs need. Awaited before the first `submit`; a run that has nothing to do never opens it. */
  open(): Promise<void>;
  /** Whether a job with these resources can be started now. */
  hasRoom(resources: Resources): boolean;
  /** Why no job with these resources can ever start here, in words; undefined when it can. */
  refusal(resources: Resources): string | undefined;
  submit(job: Job): void;
  /** Takes on a job that an earlier driver submitted, or was about to. Its end is reported like any other. */
  adopt(job: Job, as: Submitted): void;
  /** Ends a job: politely, and after a grace time for good; at once when `now`. */
  cancel(job: Job, how?: { now?: boolean }): void;
  queueStatus(job: Job): QueueStatus | undefined;
  /** Whether the job in a folder has come to a good end by its own word, whatever was told of it. Default: nobody knows. */
  endedWell?(folder: string): boolean;
  /** Called with every change, in order. */
  onChange(listener: (change: Change) => void): void;
  /** Resolves once all that was submitted is on its way and the queue was looked at after that. */
  settle(): Promise<void>;
  /** Ends what cannot live without a driver, and lets go of the rest. */
  close(): Promise<void>;
}
