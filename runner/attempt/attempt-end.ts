import type { EndCause } from '../executors/executor.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import type { Cost, Failure } from '../log/events.ts';
import type { Tries } from '../log/tries.ts';
import type { Item, Output } from '../values/output.ts';

/** How one attempt ended: with outputs, or with a failure. */
export interface AttemptEnd {
  readonly outputs?: Readonly<Record<string, Output>>;
  readonly failure?: Failure | undefined;
  /** What ended it, when that was not its program. */
  readonly cause?: EndCause | 'service-died' | undefined;
  readonly attempt: number;
  /** What had failed before it. */
  readonly tries: Tries;
  readonly seconds: number;
  /** Relative to the run's folder. */
  readonly log?: string;
  readonly cost?: Cost | undefined;
  readonly held?: Pick<Cost, 'gpus' | 'cpus'>;
  /** What it leaves to go on from; compared to tell whether an attempt came any further. */
  readonly progress?: string | undefined;
  /** Its code was frozen when it was submitted. */
  readonly frozen?: boolean;
}

/** What becomes of attempts, for whoever decides what follows. */
export type AttemptChange =
  | { readonly type: 'item-released'; readonly call: KeyedCall; readonly output: string; readonly item: Item }
  | { readonly type: 'attempt-ended'; readonly call: KeyedCall; readonly end: AttemptEnd }
  /** Something happened that could not be written down: what follows from it must not happen either. */
  | { readonly type: 'untold'; readonly error: unknown };
