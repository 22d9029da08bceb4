import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import { applyOverrides, parseOverrides } from '../../../pipelines/core/overrides.ts';
import { merge, withProfile } from '../../../pipelines/core/profiles.ts';

const schema = z.strictObject({
  steps: z.int().default(100),
  seed: z.int().default(1),
  eval: z.object({ episodes: z.int().default(50), seed: z.int().default(9) }).prefault({}),
});
const profiles = { quick: { steps: 10, eval: { episodes: 2 } }, broken: { stps: 1, seed: 'x' } };
const params = (name: string | undefined, ...args: string[]) =>
  applyOverrides(schema, withProfile(profiles, name), parseOverrides(args))[0]?.params;

test('the command line is above the profile, the profile above defaults', () => {
  assert.deepEqual(params('quick', 'eval.seed=3'), { steps: 10, seed: 1, eval: { episodes: 2, seed: 3 } });
  assert.deepEqual(params('quick', 'steps=5'), { steps: 5, seed: 1, eval: { episodes: 2, seed: 9 } });
  assert.deepEqual(params(undefined), { steps: 100, seed: 1, eval: { episodes: 50, seed: 9 } });
});

test('using a profile does not change it', () => {
  params('quick', 'eval.episodes=7');
  assert.deepEqual(profiles.quick, { steps: 10, eval: { episodes: 2 } });
});

test('a misspelt profile names the nearest', () => {
  assert.throws(
    () => withProfile(profiles, 'quik'),
    (error) => Problem.is(error) && /did you mean "quick"/.test(error.message),
  );
  assert.throws(
    () => withProfile(undefined, 'toString'),
    (error) => Problem.is(error) && error.code === 'no-such-profile',
  );
});

test('what a profile gets wrong is said like any other parameter', () => {
  assert.throws(
    () => params('broken'),
    /stps: no such parameter; did you mean "steps"\?[\s\S]*seed: expected int, found "x"/,
  );
});

test('objects merge at every depth and lists are replaced', () => {
  assert.deepEqual(merge({ a: { b: 1, c: [1, 2] } }, { a: { c: [3] } }), { a: { b: 1, c: [3] } });
});
