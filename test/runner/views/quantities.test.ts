import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PaceTracker } from '../../../runner/views/pace-tracker.ts';
import { sizeInWords } from '../../../tasks/core/size-in-words.ts';
import { allKnown, count, duration, metric, ticking } from '../../../runner/words/quantities.ts';

test('a duration has two parts at most', () => {
  assert.deepEqual([0, 0.44, 9.96, 59.6, 61, 3599.7, 3600, 11_520, 90_000].map(duration), [
    '0.0 s',
    '0.4 s',
    '10 s',
    '1 min 00 s',
    '1 min 01 s',
    '1 h 00 min',
    '1 h 00 min',
    '3 h 12 min',
    '1 d 01 h',
  ]);
  assert.equal(ticking(4.9), '4 s');
});

test('bytes, counts and metrics are short', () => {
  assert.deepEqual([0, 999, 1000, 31_200, 312_000, 999_999, 1.5e9].map(sizeInWords), [
    '0 B',
    '999 B',
    '1.0 kB',
    '31 kB',
    '312 kB',
    '1.0 MB',
    '1.5 GB',
  ]);
  assert.deepEqual([count(1, 'node'), count(2, 'node'), allKnown(1)], ['1 node', '2 nodes', 'its 1 node is known']);
  assert.deepEqual([0, 12, 0.031_25, 3e-4, 1_234_567.5].map(metric), ['0', '12', '0.0313', '3.0e-4', '1.2e+6']);
});

test('an attempt that goes on from a checkpoint is paced by what it did itself', () => {
  const tracker = new PaceTracker();
  const at = (done: number, seconds: number, attempt = 2) =>
    tracker.pace('train', attempt, { done, total: 1000, unit: 'steps' }, seconds * 1000).secondsLeft;
  assert.equal(at(500, 0), undefined);
  assert.equal(at(510, 1), undefined, 'too early to say');
  assert.equal(at(600, 10), 40);
  assert.equal(at(0, 11, 3), undefined, 'a new attempt starts anew');
});
