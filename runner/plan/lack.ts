import type { Reason } from '../executors/door.ts';

/** Something that this site lacks to run a node. */
export interface Lack extends Reason {
  readonly address: string;
  readonly label: string;
  /** Without it, what the node observes cannot be looked at either. */
  readonly isForLooking?: boolean | undefined;
}
