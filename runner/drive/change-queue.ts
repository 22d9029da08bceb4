import type { AttemptChange } from '../attempt/attempt-end.ts';
import type { AttemptEnd } from '../attempt/attempt-end.ts';
import type { Instance } from '../dataflow/instance.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';

export type StopReason = 'cancelled' | 'failed' | 'left';

/** Something that happened beside the coordinator's loop, and that it decides about. */
export type DriverChange =
  | AttemptChange
  /** It is known what an attempt is to be judged by: services that it used may have died. */
  | { readonly type: 'attempt-judged'; readonly call: KeyedCall; readonly end: AttemptEnd }
  /** The recipe of an instance that had to look at the world outside is made, or cannot be made. */
  | { readonly type: 'keyed'; readonly call: KeyedCall }
  | { readonly type: 'not-keyed'; readonly instance: Instance; readonly error: unknown }
  /** Their recipes no longer hold: what they are made from has changed. */
  | { readonly type: 'outdated'; readonly calls: readonly KeyedCall[] }
  /** The world outside was looked at again, before a job starts. */
  | { readonly type: 'looked-outside' }
  /** A person wants a node to end. */
  | { readonly type: 'cancel-node'; readonly address: string }
  /** A person, or the system, wants the driver to end. */
  | { readonly type: 'interrupted' }
  /** No more is to be started: `left` when jobs run on without this driver. `lasting`: those end too. */
  | { readonly type: 'stop'; readonly why: StopReason; readonly lasting: boolean }
  /** What was asked before may have another answer now. */
  | { readonly type: 'look-again' };

/** The one way by which others tell the coordinator what happened; in order. */
export class ChangeQueue {
  #changes: DriverChange[] = [];
  #wake: () => void = () => {};

  push(change: DriverChange): void {
    this.#changes.push(change);
    this.#wake();
  }

  take(): DriverChange[] {
    return this.#changes.splice(0);
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  /** Resolves as soon as there is something to take. */
  async filled(): Promise<void> {
    if (this.isEmpty) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}
