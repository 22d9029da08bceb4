import type { Acceptance } from '../../cache/records.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import type { Tries } from './tries.ts';

/** The version of the event log's layout. A reader refuses a newer one. */
export const eventFormat = 1;

/** A node as the log names it. */
interface OfNode {
  /** Unique within the run: the graph address, with the items' keys behind it. */
  readonly address: string;
}

export interface Failure {
  /** Stable, in kebab case: `exit-code`, `killed`, `wrong-output`, `input-changed`, `disk-full`, … */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** What a job held and what it used of it, as far as it is known. */
export interface Cost {
  readonly host?: string;
  /** While it ran, without the queue. */
  readonly seconds: number;
  readonly gpus: number;
  readonly cpus: number;
  readonly memoryGb?: number;
  readonly cpuSeconds?: number;
  readonly peakMemoryGb?: number;
}

export interface Counts {
  readonly done: number;
  readonly cached: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A node of the graph as it stood when the run began; nodes inside an `each` are templates. */
export interface PlannedNode extends OfNode {
  readonly label: string;
  readonly task: string;
  readonly type: 'call' | 'service' | 'each' | 'filter';
  readonly needs: readonly string[];
  readonly perItem: boolean;
}

/** One fact. All facts of a run, in order, are its log; everything that people see is computed from it. */
export type Event = { readonly time: string } & (
  | {
      readonly type: 'run-started';
      readonly format: number;
      readonly run: string;
      readonly pipeline: string;
      readonly params: unknown;
      readonly graph: string;
      readonly nodes: readonly PlannedNode[];
      readonly host: string;
      readonly pid: number;
      readonly resumed: boolean;
    }
  | (OfNode & {
      readonly type: 'node-cached';
      readonly label: string;
      readonly fingerprint: string;
      readonly from: 'store' | 'other-run' | 'same-run';
      /** How long it took when it ran, and what it held meanwhile; absent when that was in this run. */
      readonly seconds?: number;
      readonly gpus?: number;
      readonly cpus?: number;
      /** It is the result of another fingerprint, which a person accepted. */
      readonly accepted?: Acceptance;
    })
  | (OfNode & {
      readonly type: 'node-awaited';
      readonly label: string;
      readonly fingerprint: string;
      readonly owner: string;
    })
  | (OfNode & {
      readonly type: 'node-queued';
      readonly label: string;
      readonly task: string;
      readonly fingerprint: string;
      readonly attempt: number;
      /** Why it runs, in words. */
      readonly reason: string;
      /** The job's folder, relative to the run's. */
      readonly job: string;
      /** The attempt's own name, never used twice. */
      readonly token?: string;
      readonly executor?: string;
      readonly resources?: Resources;
      /** It was started by an earlier driver, and is taken over as it is. */
      readonly adopted?: boolean;
      /** It is up while others need it, and gives nothing itself. */
      readonly service?: boolean;
    })
  /** Written before a scheduler is asked: whatever becomes of its answer, the job can be found by this name. */
  | (OfNode & {
      readonly type: 'node-submitted';
      readonly attempt: number;
      readonly name: string;
      readonly index?: number;
    })
  | (OfNode & { readonly type: 'node-accepted'; readonly attempt: number; readonly id: string })
  | (OfNode & { readonly type: 'node-started'; readonly attempt: number; readonly host: string; readonly pid?: number })
  /** A scheduler took it off its host and put it back into the queue, under the same id. */
  | (OfNode & { readonly type: 'node-requeued'; readonly attempt: number; readonly reason: string })
  | (OfNode & {
      readonly type: 'item-released';
      readonly output: string;
      readonly key: string;
      readonly digest?: string;
      /** Of the artifacts in an item that is none itself. */
      readonly inner?: readonly string[];
    })
  | (OfNode & {
      readonly type: 'node-finished';
      readonly fingerprint: string;
      readonly seconds: number;
      readonly changed: boolean;
      readonly cost?: Cost;
    })
  | (OfNode & {
      readonly type: 'node-failed';
      readonly label: string;
      readonly attempt: number;
      readonly seconds: number;
      readonly failure: Failure;
      readonly willRetry: boolean;
      /** For the next attempt, whichever driver makes it. */
      readonly tries?: Tries;
      /** Relative to the run's folder. */
      readonly log?: string;
      readonly cost?: Cost;
    })
  | (OfNode & { readonly type: 'node-skipped'; readonly label: string; readonly because: string })
  | (OfNode & { readonly type: 'service-ready'; readonly url: string })
  /** It was no longer needed, and ended. */
  | (OfNode & { readonly type: 'service-stopped'; readonly seconds: number })
  | { readonly type: 'warning'; readonly message: string }
  /** Its driver went in good order; so many jobs run on, and wait for the next. */
  | { readonly type: 'driver-left'; readonly run: string; readonly jobs: number }
  | {
      readonly type: 'run-finished';
      readonly run: string;
      readonly status: RunStatus;
      readonly counts: Counts;
      readonly seconds: number;
      /** The wanted results by name, artifacts by digest; only those that exist. */
      readonly results: Readonly<Record<string, unknown>>;
    }
);

export type RunStatus = 'succeeded' | 'failed' | 'cancelled';
export type EventOf<T extends Event['type']> = Extract<Event, { type: T }>;
/** An event before it has its time. */
export type Fact = Event extends infer E ? (E extends Event ? Omit<E, 'time'> : never) : never;
