import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../../../runner/log/events.ts';
import { apply, newState, type RunState, stateOf } from '../../../runner/log/state.ts';

const time = '2026-01-02T03:04:05.000Z';
const started = (address: string): Event => ({ time, type: 'node-started', address, attempt: 1, host: 'here' });

test('two folds share nothing, also of logs that lack their beginning', () => {
  const train = stateOf([started('train')]);
  const score = stateOf([started('score')]);
  assert.deepEqual([...train.nodes.keys()], ['train']);
  assert.deepEqual([...score.nodes.keys()], ['score']);
  assert.equal(newState().nodes.size, 0);
});

test('a log is folded alike at once and event by event', () => {
  const events: Event[] = [started('train'), { time, type: 'warning', message: 'slow disk' }, started('score')];
  let state = newState();
  for (const event of events) state = apply(state, event);
  assert.deepEqual(state, stateOf(events));
});

test('a later attempt has not the place in an array that an earlier one had', () => {
  const submitted = (name: string, index?: number): Event => ({
    time,
    type: 'node-submitted',
    address: 'train',
    attempt: 1,
    name,
    index,
  });
  const { nodes } = stateOf([submitted('stet-1', 3), submitted('stet-2')]);
  assert.equal(nodes.get('train')?.name, 'stet-2');
  assert.equal(nodes.get('train')?.index, undefined);
});

test('who is shown a state cannot fold on: it is not theirs', () => {
  const shown: RunState = newState();
  // @ts-expect-error: its nodes can only be read
  apply(shown, started('train'));
});
