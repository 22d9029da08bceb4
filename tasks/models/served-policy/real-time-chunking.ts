import type { NdArray, WireMap } from '../../formats/msgpack-numpy/values.ts';
import type { ServedPolicy } from './client.ts';

/**
 * What a policy must be told to continue a chunk that is still being carried out: real-time chunking (Black, Galliker and
 * Levine 2025, arXiv 2506.07339). openpi's server takes no such request; a policy of one's own may.
 */
export interface RunningChunk {
  /** [left, width]: the actions of the running chunk that were not carried out yet when the observation was made. */
  readonly left: NdArray;
  /** Of those, how many will have been carried out by the time the answer comes: the new chunk must begin with them. */
  readonly frozenSteps: number;
  /** Of those, how many the new chunk should still resemble, with falling weight; at least `frozenSteps`. */
  readonly guidedSteps: number;
}

/** A policy whose chunks join without a jump. */
export interface RealTimePolicy extends ServedPolicy {
  /** As `infer`, for a chunk that begins while `running` is carried out. */
  continue(observation: WireMap, running: RunningChunk): Promise<WireMap>;
}
