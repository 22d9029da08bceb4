import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveAttempt } from '../../../runner/attempt/active-attempt.ts';
import type { Copy } from '../../../runner/executors/executor.ts';
import type { StagedJob } from '../../../runner/job/staged-job.ts';
import { noTries } from '../../../runner/log/tries.ts';
import { IdleExecutor } from '../../support/idle-executor.ts';
import { jobLike } from '../../support/slurm-job.ts';

const job = { ...jobLike({ folder: '/run/train.1' }), out: { model: '/shared/out/model' }, outFolder: '/shared/out' };

function begun(): ActiveAttempt {
  const executor = new IdleExecutor({ outlivesDriver: true });
  const staged = job as unknown as StagedJob;
  return new ActiveAttempt({ job: staged, executor, executorName: 'slurm', frozen: false, tries: noTries });
}

/** A copy that writes into folders of its own. */
function copyIn(name: string): Copy {
  return { folder: `/run/train.1/${name}`, out: (path) => path.replace('/shared/out', `/shared/${name}`) };
}

function foldersOf({ jobInCopy: { folder, out, outFolder } }: ActiveAttempt): unknown[] {
  return [folder, out, outFolder];
}
const own = ['/run/train.1', { model: '/shared/out/model' }, '/shared/out'];
const inCopy = (name: string) => [`/run/train.1/${name}`, { model: `/shared/${name}/model` }, `/shared/${name}`];

test('a job writes where it was staged, and from its start where its copy writes', () => {
  const attempt = begun();
  assert.deepEqual(foldersOf(attempt), own);
  attempt.started(copyIn('again-1'), 0);
  assert.deepEqual(foldersOf(attempt), inCopy('again-1'));
  assert.equal(attempt.job.folder, '/run/train.1');
});

test('once it is back in the queue, where it wrote before does not count', () => {
  const attempt = begun();
  attempt.started(copyIn('again-1'), 0);
  attempt.requeued();
  assert.deepEqual([foldersOf(attempt), attempt.copy], [own, undefined]);
  attempt.started(copyIn('again-2'), 0);
  assert.deepEqual(foldersOf(attempt), inCopy('again-2'));
});

test('at its end the copy that is named counts, and else the last that started', () => {
  const [named, unnamed] = [begun(), begun()];
  for (const attempt of [named, unnamed]) attempt.started(copyIn('again-1'), 0);
  assert.deepEqual([named.isEnding, unnamed.isEnding], [false, false]);
  named.exited(copyIn('again-2'));
  unnamed.exited(undefined);
  assert.deepEqual([foldersOf(named), foldersOf(unnamed)], [inCopy('again-2'), inCopy('again-1')]);
  assert.deepEqual([named.isEnding, unnamed.isEnding], [true, true]);
});

test('its time begins when its job did, however late that is seen', () => {
  const attempt = begun();
  attempt.started(undefined, 3600);
  assert.ok(attempt.seconds >= 3600 && attempt.seconds < 3660, `${attempt.seconds} s`);
});
