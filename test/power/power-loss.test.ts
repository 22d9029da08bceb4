import assert from 'node:assert/strict';
import { test } from 'node:test';
import { powerLoss } from './power-loss.ts';
import { lackOfRecording } from './recorded-disk.ts';

/** A few in each run of the tests; hundreds by `npm run test:power`. */
const cuts = 40;
const seed = Number(process.env.STET_TEST_SEED ?? Math.floor(Math.random() * 1e9));

test('wherever the power goes, no result that was told of is lost, none is wrong, and the next run goes on', {
  skip: lackOfRecording(),
}, async (t) => {
  const { bad, writes, flushes, told } = await powerLoss({ cuts, seed, said: (line) => t.diagnostic(line) });
  t.diagnostic(`${cuts} cuts, ${writes} writes, ${flushes} flushes, ${told} results told of, STET_TEST_SEED=${seed}`);
  assert.deepEqual(bad, []);
});
