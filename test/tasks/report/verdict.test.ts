import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf } from '../../../tasks/report/outcomes/outcome.ts';
import { compare, headline } from '../../../tasks/report/sections/verdict.ts';
import { telling } from '../../../tasks/report/sections/episodes.ts';
import { episodesOf } from './experiment.ts';

const steady = Array.from({ length: 20 }, (_, k) => k / 40);
const base = outcomeOf('Base policy', 'base', episodesOf(steady));
const shifted = (name: string, by: number) => outcomeOf(name, 'demos', episodesOf(steady.map((reward) => reward + by)));

test('a gain in every scene is said to be one', () => {
  assert.equal(
    headline([compare(base, shifted('A', 0.1))], 20),
    'Demo-SCORE helped: “A” reached a higher mean max reward than the base policy.',
  );
});

test('a loss is said plainly', () => {
  assert.match(headline([compare(base, shifted('A', -0.1))], 20), /^Demo-SCORE did not help: “A” reached a lower/);
});

test('a difference within chance is not called a success', () => {
  const mixed = outcomeOf('A', 'demos', episodesOf(steady.map((reward, k) => reward + (k % 2 === 0 ? 0.1 : -0.09))));
  assert.match(headline([compare(base, mixed)], 20), /^Demo-SCORE did not clearly help: on 20 episodes/);
});

test('a handful of episodes gives no verdict, whatever they show', () => {
  const few = (rewards: number[]) => outcomeOf('A', 'demos', episodesOf(rewards));
  const comparison = compare(few([0.1, 0.2, 0.3]), few([0.8, 0.9, 0.9]));
  assert.equal(headline([comparison], 3), '3 episodes are too few to say whether Demo-SCORE helped.');
});

test('one gain and one loss are both told', () => {
  const both = [compare(base, shifted('A', 0.1)), compare(base, shifted('B', -0.1))];
  assert.match(headline(both, 20), /cut both ways: “A” .* higher .*, “B” a lower one/);
});

test('episodes are paired by their scene, not by their position', () => {
  const reversed = { ...base, name: 'A', episodes: [...base.episodes].reverse() };
  const { maxReward } = compare(base, reversed);
  assert.deepEqual([maxReward.low, maxReward.high], [0, 0]);
});

test('the scenes that are shown differ most, go best and go worst', () => {
  const drawn = (rewards: number[]) => ({
    ...outcomeOf('', 'base', episodesOf(rewards)),
    films: new Map(rewards.slice(0, 4).map((_, k) => [k, '<svg/>'])),
  });
  assert.deepEqual(telling([drawn([0.5, 1, 0.1, 0.0, 0.9]), drawn([0.6, 1, 0.1, 0.9, 0.0])]), [3, 1, 2]);
  assert.deepEqual(telling([drawn([0.5])]), [0]);
  assert.deepEqual(telling([base]), []);
});
