import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { Lines } from '../../../runner/files/lines.ts';

test('lines that come in one turn are written together, in their order, and none waits longer', async () => {
  const written: string[] = [];
  const lines = new Lines((text) => written.push(text), 100);
  lines.add('one');
  lines.add('two');
  assert.deepEqual(written, []);
  await nextTurn();
  assert.deepEqual(written, ['one\ntwo\n']);
});

test('no more lines wait than are allowed, and none once they are flushed', () => {
  const written: string[] = [];
  const lines = new Lines((text) => written.push(text), 2);
  for (const line of ['one', 'two', 'three']) lines.add(line);
  assert.deepEqual(written, ['one\ntwo\n']);
  lines.flush();
  assert.deepEqual(written, ['one\ntwo\n', 'three\n']);
});

test('a write that failed after its line was taken is told by the next flush', async () => {
  const full = new Error('the disk is full');
  const lines = new Lines(() => {
    throw full;
  }, 100);
  lines.add('one');
  await nextTurn();
  assert.throws(() => lines.flush(), full);
});
