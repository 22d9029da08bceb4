import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Fact } from '../../../runner/log/events.ts';
import { columnsOf } from '../../../runner/views/columns.ts';
import { liveLines } from '../../../runner/views/live.ts';
import { cached, failed, finished, frame, node, queued, skipped, started, stateAfter } from './scene.ts';

const nodes = [
  node('download'),
  node('convert', { needs: ['download'] }),
  node('train', { needs: ['convert'] }),
  node('stats', { needs: ['convert'] }),
  node('rollout', { needs: ['train'], perItem: true }),
  node('report', { needs: ['rollout'] }),
];

test('a run shows what is cached, what runs and how far, and what waits', () => {
  const state = stateAfter(nodes, [
    [0, cached('download')],
    [0, queued('convert')],
    [0, started('convert')],
    [9, finished('convert', 9.2, false)],
    [10, queued('train', 'input steps 20000 -> 40000')],
    [10, started('train')],
    [11, queued('stats')],
  ]);
  const paceOf = (address: string) =>
    address === 'train'
      ? { done: 10_400, total: 40_000, unit: 'steps', metrics: { loss: 0.031_25 }, secondsLeft: 142 }
      : undefined;
  assert.deepEqual(liveLines(state, frame({ paceOf })), [
    'demo  run 0007  2 of 6 nodes · 1 running · 1 min 00 s',
    '',
    '  ✓ download           cached',
    '  ✓ convert            9.2 s  same result as before',
    '  ⠋ train              ━━━━━───────────────   26 %  50 s, 2 min 22 s left  10400/40000 steps  loss …',
    '      why: input steps 20000 -> 40000',
    '  ◌ stats              waits for room',
    '  ○ report',
    '  ○ rollout, per item',
  ]);
});

test('a service shows where it is while it is up, and is not counted', () => {
  const nodes = [node('server', { type: 'service' }), node('ask', { needs: ['server'] })];
  const serving = { ...queued('server', 'ask needs it'), service: true } as Fact;
  const up: Fact = { type: 'service-ready', address: 'server', url: 'http://127.0.0.1:4321' };
  const shown = (facts: readonly (readonly [number, Fact])[]) => liveLines(stateAfter(nodes, facts), frame({}));
  assert.deepEqual(shown([]), ['demo  run 0007  0 of 1 node · 1 min 00 s', '', '  ○ ask']);
  const starting = [[0, serving] as const, [0, started('server')] as const];
  assert.match(shown(starting).join('\n'), /⠋ server +1 min 00 s {2}comes up\n {6}why: ask needs it/);
  const running = [...starting, [5, up] as const, [5, queued('ask')] as const, [5, started('ask')] as const];
  assert.match(shown(running).join('\n'), /⠋ server +1 min 00 s {2}is up at http:\/\/127.0.0.1:4321/);
  const ended = [
    [6, finished('ask', 1)] as const,
    [7, { type: 'service-stopped', address: 'server', seconds: 7 }] as const,
  ];
  assert.deepEqual(shown([...running, ...ended]), [
    'demo  run 0007  1 of 1 node · 1 min 00 s',
    '',
    '  ✓ ask     1.0 s',
    '  ✓ server  was up for 7.0 s',
  ]);
});

test('what failed says so, and what it keeps from running', () => {
  const state = stateAfter(nodes, [
    [0, queued('download')],
    [0, started('download')],
    [5, failed('download', 'no such host\nmore')],
    [5, skipped('convert', 'download')],
  ]);
  assert.deepEqual(liveLines(state, frame()).slice(0, 4), [
    'demo  run 0007  0 of 6 nodes · 1 failed · 1 skipped · 1 min 00 s',
    '',
    '  ✗ download           no such host',
    '  – convert            skipped: needs download',
  ]);
});

test('of 200 nodes on a small screen, those that run or failed are all shown', () => {
  const many = Array.from({ length: 200 }, (_, i) => node(`n${i}`));
  const state = stateAfter(many, [
    ...Array.from({ length: 90 }, (_, i) => [1, cached(`n${i}`)] as const),
    ...Array.from({ length: 60 }, (_, i) => [2 + i, finished(`n${90 + i}`, 1)] as const),
    [70, failed('n150', 'broken')],
    ...[151, 152, 153].flatMap((i) => [[80, queued(`n${i}`)] as const, [81, started(`n${i}`)] as const]),
  ]);
  assert.deepEqual(liveLines(state, frame({ rows: 12, now: state.startedAt + 90_000 })), [
    'demo  run 0007  150 of 200 nodes · 3 running · 1 failed · 1 min 30 s',
    '',
    '  … 90 cached',
    '  … 58 more done',
    '  ✓ n148  1.0 s',
    '  ✓ n149  1.0 s',
    '  ✗ n150  broken',
    '  ⠋ n151  9 s',
    '  ⠋ n152  9 s',
    '  ⠋ n153  9 s',
    '  … 46 waiting',
  ]);
});

test('no line is wider than the terminal and no frame is higher, whatever the size', () => {
  const wide = ['学習する', 'train-policy seed=1', 'x'.repeat(150), '🤖 rollout'];
  const all = wide.map((label, i) => node(`n${i}`, { label }));
  const state = stateAfter(all, [
    [0, queued('n0', '理由'.repeat(40))],
    [0, started('n0')],
    [0, started('n1')],
    [0, failed('n2', '壊れた'.repeat(30))],
  ]);
  const pace = { done: 1, total: 3, unit: '歩', metrics: { loss: 1e-9 } };
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 2, max: 30 }), (columns, rows) => {
      const lines = liveLines(state, frame({ columns, rows, paceOf: () => pace }));
      assert.ok(lines.length < rows);
      for (const line of lines) assert.ok(columnsOf(line) <= columns, `${columnsOf(line)} > ${columns}: ${line}`);
    }),
  );
});
