import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPause } from '../../../../../runner/executors/slurm/pace/pauses.ts';

const calm = { baseSeconds: 2, quietSeconds: 0, jobs: 1, isSilent: false };

test('a few jobs that were just submitted are looked at within a second', () => {
  assert.equal(nextPause(calm), 1);
  assert.equal(nextPause({ ...calm, quietSeconds: 11 }), 2);
});

test('many jobs are looked at as often as the site says', () => {
  assert.equal(nextPause({ ...calm, jobs: 50 }), 2);
});

test('the longer nothing happens the longer the pause, up to a minute', () => {
  assert.equal(nextPause({ ...calm, quietSeconds: 200 }), 10);
  assert.equal(nextPause({ ...calm, quietSeconds: 100_000 }), 60);
});

test('whoever does not answer is asked three times as rarely, and at least once a minute', () => {
  assert.equal(nextPause({ ...calm, isSilent: true }), 6);
  assert.equal(nextPause({ ...calm, isSilent: true, quietSeconds: 400 }), 20);
  assert.equal(nextPause({ ...calm, isSilent: true, baseSeconds: 30 }), 60);
});
