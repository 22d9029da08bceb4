import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangeQueue } from '../../../runner/drive/change-queue.ts';

test('changes are taken in the order in which they came, each once', () => {
  const queue = new ChangeQueue();
  queue.push({ type: 'cancel-node', address: 'a' });
  queue.push({ type: 'interrupted' });
  assert.deepEqual(queue.take(), [{ type: 'cancel-node', address: 'a' }, { type: 'interrupted' }]);
  assert.deepEqual([queue.take(), queue.isEmpty], [[], true]);
});

/** Everything that is only waiting for its turn has had it. */
const turn = (): Promise<string> => new Promise((resolve) => setImmediate(resolve, 'asleep'));

test('who waits for a change is woken by the first, and who comes later does not wait', async () => {
  const queue = new ChangeQueue();
  const order: string[] = [];
  const woken = queue.filled().then(() => order.push('woken'));
  await turn();
  order.push('pushed');
  queue.push({ type: 'look-again' });
  await woken;
  await queue.filled();
  assert.deepEqual(order, ['pushed', 'woken']);
});

test('what was taken wakes nobody', async () => {
  const queue = new ChangeQueue();
  queue.push({ type: 'look-again' });
  queue.take();
  assert.equal(await Promise.race([queue.filled().then(() => 'woken'), turn()]), 'asleep');
});
