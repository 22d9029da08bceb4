import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../../runner/log/events.ts';
import { heartbeatLines, plainLines } from '../../../runner/views/plain-lines.ts';
import { cached, ended, failed, finished, node, queued, skipped, started, stateAfter } from './scene.ts';

test('each event is one line of words', () => {
  const nodes = [node('a', { label: 'train seed=1' }), node('b')];
  const told = (fact: Fact): string[] => {
    const named =
      'label' in fact && 'address' in fact && fact.address === 'a' ? { ...fact, label: 'train seed=1' } : fact;
    return plainLines({ time: '2026-01-01T00:00:00Z', ...named }, stateAfter(nodes, [[1, named]]));
  };
  const facts: Fact[] = [
    cached('a'),
    queued('a', 'input steps 1 -> 2', 2),
    started('a'),
    { type: 'item-released', address: 'a', output: 'checkpoints', key: '000500' },
    finished('a', 61),
    finished('a', 61, false),
    failed('a', 'out of memory', { willRetry: true }),
    skipped('b', 'a'),
    ended('succeeded'),
  ];
  assert.deepEqual(facts.flatMap(told), [
    'cached    train seed=1',
    'queued    train seed=1, attempt 2: input steps 1 -> 2',
    'started   train seed=1 on here',
    'released  train seed=1: checkpoints 000500',
    'done      train seed=1 in 1 min 01 s',
    'done      train seed=1 in 1 min 01 s, same result as before',
    'failed    train seed=1: out of memory (it is tried again)',
    'skipped   b: needs train seed=1',
  ]);
});

test('text of a program cannot move the cursor', () => {
  const state = stateAfter([node('a')], []);
  const [line = ''] = plainLines({ time: '', ...failed('a', '\x1b[2Jgone\r\n\x07') }, state);
  assert.equal(line, 'failed    a: gone ');
});

test('while no events come, a heartbeat tells where running nodes stand', () => {
  const state = stateAfter(
    [node('a'), node('b')],
    [
      [0, queued('a')],
      [1, started('a')],
      [1, started('b')],
    ],
  );
  const pace = { done: 50, total: 200, unit: 'steps', metrics: { loss: 0.5 }, secondsLeft: 90 };
  assert.deepEqual(
    heartbeatLines(state, (address) => (address === 'a' ? pace : undefined)),
    ['running   a: 25 %, 50/200 steps, loss 0.500, 1 min 30 s left'],
  );
});
