import type { WireMap } from '../../formats/msgpack-numpy/values.ts';
import type { RequestKey } from './request.ts';

/** What a server must know of a policy besides how to run it. Reading requests takes no weights. */
export interface Contract {
  /** For people: format and step. */
  readonly title: string;
  /** The first frame of every connection. */
  readonly metadata: WireMap;
  readonly keys: readonly RequestKey[];
  /** Of `actions` in a reply. */
  readonly actionShape: readonly [steps: number, width: number];
  /** The most requests that it can infer at once; as many as there are without it. */
  readonly maxBatch?: number;
}

/** A policy with its weights. */
export interface Actor {
  /**
   * `rows`: [batch, numbers], the numbers of a request's keys one after the other. Gives [batch, steps, width]. A row depends
   * only on its own numbers and noise seed.
   */
  act(rows: Float64Array, noiseSeeds: readonly number[]): Float64Array | Promise<Float64Array>;
  dispose(): void;
}

/** A policy that can be served, in a folder. */
export interface Servable {
  readonly contract: Contract;
  load(): Promise<Actor>;
}
