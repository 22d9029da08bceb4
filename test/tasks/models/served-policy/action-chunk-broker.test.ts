import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ndarray, numbersOf } from '../../../../tasks/formats/msgpack-numpy/numbers.ts';
import type { NdArray, WireMap, WireValue } from '../../../../tasks/formats/msgpack-numpy/values.ts';
import { ActionChunkBroker } from '../../../../tasks/models/served-policy/action-chunk-broker.ts';
import type { ServedPolicy } from '../../../../tasks/models/served-policy/client.ts';

/** Chunks [10c, 10c + 1], [10c + 2, …] for the c-th question, of 3 rows. */
class CountingPolicy implements ServedPolicy {
  asked = 0;
  resets = 0;

  async infer(): Promise<WireMap> {
    const values = Float64Array.from({ length: 6 }, (_, i) => 10 * this.asked + i);
    this.asked += 1;
    return new Map<string, WireValue>([
      ['actions', ndarray(values, [3, 2])],
      ['nested', new Map([['also', ndarray(Float32Array.of(7, 8, 9), [3])]])],
      ['server_timing', new Map([['infer_ms', 1.5]])],
    ]);
  }

  reset(): void {
    this.resets += 1;
  }
}

const rowOf = (reply: WireMap, key = 'actions') => [...numbersOf(reply.get(key) as NdArray)];

test('rows are given one by one, and a new chunk is asked for after the horizon', async () => {
  const policy = new CountingPolicy();
  const broker = new ActionChunkBroker(policy, 2);
  const rows = [];
  for (let i = 0; i < 5; i += 1) rows.push(rowOf(await broker.infer(new Map())));
  assert.deepEqual(rows, [
    [0, 1],
    [2, 3],
    [10, 11],
    [12, 13],
    [20, 21],
  ]);
  assert.equal(policy.asked, 3);
});

test('every array is cut to its row, wherever it is; everything else stays', async () => {
  const broker = new ActionChunkBroker(new CountingPolicy(), 3);
  await broker.infer(new Map());
  const reply = await broker.infer(new Map());
  const also = (reply.get('nested') as Map<string, NdArray>).get('also') as NdArray;
  assert.deepEqual([also.shape, [...numbersOf(also)]], [[], [8]]);
  assert.deepEqual(reply.get('server_timing'), new Map([['infer_ms', 1.5]]));
});

test('a reset drops the chunk', async () => {
  const policy = new CountingPolicy();
  const broker = new ActionChunkBroker(policy, 3);
  await broker.infer(new Map());
  broker.reset();
  assert.deepEqual(rowOf(await broker.infer(new Map())), [10, 11]);
  assert.equal(policy.resets, 1);
});

test('a horizon beyond the chunk is told when its rows run out', async () => {
  const broker = new ActionChunkBroker(new CountingPolicy(), 4);
  for (let i = 0; i < 3; i += 1) await broker.infer(new Map());
  await assert.rejects(broker.infer(new Map()), { code: 'wrong-horizon' });
  assert.throws(() => new ActionChunkBroker(new CountingPolicy(), 0), { code: 'wrong-horizon' });
});
