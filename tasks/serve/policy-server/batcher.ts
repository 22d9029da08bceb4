import { Problem } from '../../../cache/problem.ts';
import { type Inference, problemOf } from './inference.ts';
import type { Metrics } from './metrics.ts';

export interface Answer {
  /** [steps, width]. */
  readonly actions: Float64Array;
  /** The policy's own time for the batch that this request was in. */
  readonly inferMs: number;
}

export interface BatcherLimits {
  /** Requests that are inferred at once. */
  readonly maxBatch: number;
  /** Requests that may wait for their turn; more are refused. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly row: Float64Array;
  readonly noiseSeed: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Takes requests in the order in which they come. What has come while a batch was inferred is the next batch: a request that
 * finds nobody before it never waits for company.
 */
export class Batcher {
  readonly #inference: Inference;
  readonly #limits: BatcherLimits;
  readonly #metrics: Metrics;
  #waiting: Waiting[] = [];
  #isRunning = false;
  #unseeded = 0;

  constructor(inference: Inference, limits: BatcherLimits, metrics: Metrics) {
    this.#inference = inference;
    this.#limits = limits;
    this.#metrics = metrics;
  }

  /** How many wait for their turn. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Requests without a noise seed are given the next number since the start. Throws `queue-full`. */
  submit(row: Float64Array, noiseSeed: number | undefined): Promise<Answer> {
    if (this.#waiting.length >= this.#limits.maxWaiting) {
      throw new Problem('queue-full', `${this.#waiting.length} requests are waiting already; this one is refused.`, {
        hint: 'Ask again in a while, with fewer clients, or start another server.',
      });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, noiseSeed: noiseSeed ?? this.#nextSeed(), resolve, reject });
      if (!this.#isRunning) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) await this.#runBatch(this.#waiting.splice(0, this.#limits.maxBatch));
    this.#isRunning = false;
  }

  async #runBatch(batch: readonly Waiting[]): Promise<void> {
    const rows = new Float64Array(batch.reduce((sum, { row }) => sum + row.length, 0));
    batch.forEach(({ row }, i) => rows.set(row, i * row.length));
    try {
      const { outcomes, inferMs } = await this.#inference.run({
        rows,
        noiseSeeds: batch.map((request) => request.noiseSeed),
      });
      this.#metrics.batchDone(batch.length, inferMs);
      batch.forEach(({ resolve, reject }, i) => {
        const outcome = outcomes[i];
        if (outcome !== undefined && 'actions' in outcome) resolve({ actions: outcome.actions, inferMs });
        else
          reject(outcome ? problemOf(outcome.failure) : new Error('the policy gave fewer rows than it was asked for'));
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  #nextSeed(): number {
    this.#unseeded = (this.#unseeded + 1) >>> 0;
    return this.#unseeded;
  }
}
