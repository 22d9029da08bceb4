import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batcher } from '../../../tasks/serve/policy-server/batcher.ts';
import type { BatchResult, Inference } from '../../../tasks/serve/policy-server/inference.ts';
import type { BatchMessage } from '../../../tasks/serve/policy-server/inference-worker.ts';
import { Metrics } from '../../../tasks/serve/policy-server/metrics.ts';

/** An inference that ends when the test says so; a row's action is its number times ten, and 13 fails. */
class HeldInference implements Inference {
  readonly batches: number[][] = [];
  #finish: (() => void)[] = [];

  run({ rows }: BatchMessage): Promise<BatchResult> {
    this.batches.push([...rows]);
    const outcomes = [...rows].map((row) =>
      row === 13
        ? { failure: { code: 'unlucky', message: 'no', hint: undefined } }
        : { actions: Float64Array.of(10 * row) },
    );
    return new Promise((resolve) => this.#finish.push(() => resolve({ outcomes, inferMs: 1 })));
  }

  async finish(): Promise<void> {
    this.#finish.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {}
}

function batcherOf(limits = { maxBatch: 3, maxWaiting: 5 }) {
  const inference = new HeldInference();
  const batcher = new Batcher(inference, limits, new Metrics());
  const submit = (row: number) => batcher.submit(Float64Array.of(row), undefined);
  return { inference, batcher, submit };
}

test('the first goes alone, and who came meanwhile goes together, in order, up to the limit', async () => {
  const { inference, submit } = batcherOf();
  const answers = [1, 2, 3, 4, 5].map(submit);
  for (let i = 0; i < 3; i += 1) await inference.finish();
  assert.deepEqual(inference.batches, [[1], [2, 3, 4], [5]]);
  assert.deepEqual(
    (await Promise.all(answers)).map(({ actions }) => [...actions]),
    [[10], [20], [30], [40], [50]],
  );
});

test('when the queue is full the next is refused, and there is room again afterwards', async () => {
  const { inference, batcher, submit } = batcherOf();
  const accepted = [0, 1, 2, 3, 4, 5].map(submit); // one is inferred, five wait
  assert.throws(() => submit(6), { code: 'queue-full' });
  await inference.finish();
  assert.equal(batcher.length, 2);
  accepted.push(submit(7));
  for (let i = 0; i < 3; i += 1) await inference.finish();
  assert.equal((await Promise.all(accepted)).length, 7);
});

test('a row that fails fails alone', async () => {
  const { inference, submit } = batcherOf();
  const answers = Promise.allSettled([1, 12, 13, 14].map(submit));
  await inference.finish();
  await inference.finish();
  const outcomes = (await answers).map((answer) => (answer.status === 'rejected' ? answer.reason.code : 'fine'));
  assert.deepEqual(outcomes, ['fine', 'fine', 'unlucky', 'fine']);
});
