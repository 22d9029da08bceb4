import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fact } from '../../../runner/log/events.ts';
import { paint } from '../../../runner/views/paint.ts';
import { summaryLines, type SummarySources } from '../../../runner/views/summary.ts';
import { cached, ended, failed, finished, node, queued, skipped, started, stateAfter } from './scene.ts';

const sources: SummarySources = {
  paint: paint(false),
  columns: undefined,
  name: 'demo',
  pages: {},
  failureOf: ({ job }) => ({ run: '0007', logPath: `.stet/runs/0007/${job}/log.txt`, logTail: ['epoch 3', 'Killed'] }),
};
const page = { $artifact: { kind: 'html-page', digest: 'sha256:1', size: 312_000, meta: {} } };
const checkpoint = { $artifact: { kind: 'checkpoint', digest: 'sha256:2', size: 5, meta: {} } };

test('a run that succeeded tells counts, what was saved, times, and how to take results out', () => {
  const state = stateAfter(
    [node('download'), node('train'), node('report')],
    [
      [0, cached('download', { seconds: 65 })],
      [1, finished('train', 543)],
      [2, finished('report', 2)],
      [600, ended('succeeded', { policy: { $stream: [{ key: '1', value: checkpoint }] }, score: 0.71, report: page })],
    ],
  );
  assert.deepEqual(summaryLines(state, { ...sources, pages: { report: '.stet/runs/0007/report.html' } }), [
    '✓ demo run 0007 succeeded in 10 min 00 s: 2 ran, 1 cached (1 min 05 s saved)',
    '  ✓ train   9 min 03 s',
    '  ✓ report  2.0 s',
    '',
    '  policy  1 x checkpoint     pipeline get demo policy --to policy',
    '  score   0.71               pipeline get demo score --to score.json',
    '  report  html-page, 312 kB  pipeline get demo report --to report.html',
    '',
    '  report to look at: .stet/runs/0007/report.html',
  ]);
});

test('a run in which all was known says that there was nothing to do', () => {
  const state = stateAfter(
    [node('a'), node('b')],
    [
      [0, cached('a', { seconds: 420, gpus: 8 })],
      [0, cached('b', { seconds: 300 })],
      [0, ended('succeeded')],
    ],
  );
  assert.deepEqual(summaryLines(state, sources), [
    '✓ demo run 0007: nothing to do: all 2 nodes are known (12 min 00 s and 0.93 GPU h saved)',
  ]);
});

test('a failure tells what, where, what to try and what is kept; its likes are named', () => {
  const state = stateAfter(
    [node('train-act seed=1', { task: 'train-act' }), node('train-act seed=2', { task: 'train-act' }), node('pick')],
    [
      [0, { ...queued('train-act seed=1', 'it never ran before', 2), task: 'train-act' } as Fact],
      [0, started('train-act seed=1', 2)],
      [1, { type: 'item-released', address: 'train-act seed=1', output: 'checkpoints', key: '1' }],
      [
        2,
        failed('train-act seed=1', 'the system ended the process for memory: 187 GB used, 180 GB asked for', {
          attempt: 2,
          hint: 'resources: { memoryGb: 256 }',
        }),
      ],
      [2, failed('train-act seed=2', 'the system ended the process for memory: 187 GB used, 180 GB asked for')],
      [2, skipped('pick', 'train-act seed=1')],
      [3, ended('failed')],
    ],
  );
  assert.deepEqual(summaryLines(state, sources), [
    '✗ train-act seed=1 failed after 3 h 12 min, attempt 2',
    '  what   the system ended the process for memory: 187 GB used, 180 GB asked for',
    '  where  .stet/runs/0007/jobs/train-act seed=1.2/log.txt',
    '  try    resources: { memoryGb: 256 }',
    '  kept   1 item released before the end; what was made of it is kept',
    '  log    epoch 3',
    '         Killed',
    '✗ train-act seed=2 failed likewise',
    '',
    '✗ demo run 0007 failed in 3.0 s: 0 ran, 0 cached, 2 failed, 1 skipped',
    '',
    'The same command again runs only what is missing.',
  ]);
});

test('an interrupted run says how to go on', () => {
  const state = stateAfter([node('a')], [[1, ended('cancelled')]]);
  assert.deepEqual(summaryLines(state, sources), [
    '■ demo run 0007 was interrupted in 1.0 s: 0 ran, 0 cached',
    '',
    'The same command again runs only what is missing (or: pipeline resume 0007).',
  ]);
});

test('with --store, the commands it tells name that store', () => {
  const state = stateAfter(
    [node('train')],
    [
      [1, failed('train', 'it broke')],
      [1, ended('cancelled', { report: page })],
    ],
  );
  const lines = summaryLines(state, { ...sources, store: '/data/my runs' }).join('\n');
  assert.match(lines, /pipeline resume 0007 --store '\/data\/my runs'/);
  assert.match(lines, /pipeline logs 0007 train --store '\/data\/my runs'/);
  assert.match(lines, /pipeline get demo report --to report.html --store '\/data\/my runs'/);
});
