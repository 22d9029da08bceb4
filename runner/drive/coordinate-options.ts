import type { Diagnostics } from '../log/diagnostics.ts';
import type { QueueStatus } from '../executors/executor.ts';
import type { Executors } from '../executors/executors.ts';
import type { RunLog } from '../log/run-log.ts';

export interface CoordinateOptions {
  readonly run: RunLog;
  readonly executors: Executors;
  readonly diagnostics: Diagnostics;
  /** The run's log has events of an earlier driver. */
  readonly resumed: boolean;
  /** Only this node and what it needs; an address or label. */
  readonly until?: string;
  /** Nodes to run whatever is known of them; addresses or labels. */
  readonly force?: readonly string[];
  /** Stop everything at the first failure. */
  readonly failFast?: boolean;
  /** Do what can be done now, and leave jobs that can do without a driver to the next. */
  readonly once?: boolean;
  /** Given once the run has begun: what a scheduler says of a node's job. */
  readonly onQueueStatus?: (queueStatus: (address: string) => QueueStatus | undefined) => void;
  /** Stop: jobs are told, get time, are killed; those that can do without a driver run on. */
  readonly signal: AbortSignal;
  /** Stop now: jobs are killed. */
  readonly kill: AbortSignal;
}
