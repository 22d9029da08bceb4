import { Problem } from '../../../cache/problem.ts';
import { parseDtype } from '../../formats/msgpack-numpy/dtype.ts';
import { NdArray, type WireMap, type WireValue } from '../../formats/msgpack-numpy/values.ts';
import type { ServedPolicy } from './client.ts';

/**
 * Plays chunks open loop, as openpi's `ActionChunkBroker`: asks the policy when no chunk is held, gives its rows one by one,
 * and drops it after `horizon` of them. An observation in between is passed over.
 */
export class ActionChunkBroker implements ServedPolicy {
  readonly #policy: ServedPolicy;
  readonly #horizon: number;
  #chunk: WireMap | undefined;
  #step = 0;

  /** `horizon`: steps of a chunk that are carried out, at most as many as it has. */
  constructor(policy: ServedPolicy, horizon: number) {
    if (!Number.isInteger(horizon) || horizon < 1) {
      throw new Problem('wrong-horizon', `${horizon} is no number of steps.`);
    }
    this.#policy = policy;
    this.#horizon = horizon;
  }

  /** The reply, with each array in it replaced by its row of this step. */
  async infer(observation: WireMap): Promise<WireMap> {
    this.#chunk ??= await this.#policy.infer(observation);
    const row = rowsOf(this.#chunk, this.#step) as WireMap;
    this.#step += 1;
    if (this.#step >= this.#horizon) this.#drop();
    return row;
  }

  reset(): void {
    this.#policy.reset();
    this.#drop();
  }

  #drop(): void {
    this.#chunk = undefined;
    this.#step = 0;
  }
}

function rowsOf(value: WireValue, step: number): WireValue {
  if (value instanceof NdArray) return rowOf(value, step);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, rowsOf(inner, step)]));
  return Array.isArray(value) ? value.map((inner) => rowsOf(inner, step)) : value;
}

function rowOf({ dtype, shape: [rows, ...shape], bytes }: NdArray, step: number): NdArray {
  if (rows === undefined || step >= rows) {
    throw new Problem('wrong-horizon', `A chunk has ${rows ?? 'no'} rows, and row ${step} is to be carried out.`, {
      hint: 'The horizon is the number of steps to carry out, at most that of the chunk.',
    });
  }
  const size = shape.reduce((product, axis) => product * axis, parseDtype(dtype).itemSize);
  return new NdArray(dtype, shape, bytes.slice(step * size, (step + 1) * size));
}
