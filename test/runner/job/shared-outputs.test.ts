import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { beginningOf, withdrawJob } from '../../../runner/executors/slurm/script/exit-record.ts';
import { slurmJobText } from '../../../runner/executors/slurm/script/job-text.ts';
import {
  hasState,
  newestOut,
  nextEpoch,
  noProgress,
  noteUnseenUser,
  signatureOf,
  takeOver,
} from '../../../runner/job/shared-outputs.ts';
import { jobLike } from '../../support/slurm-job.ts';
import { tempFolder } from '../../support/temp-folder.ts';

function workWith(t: Parameters<typeof tempFolder>[0], state: string): string {
  const work = join(tempFolder(t), 'work');
  mkdirSync(join(work, 'out'), { recursive: true });
  writeFileSync(join(work, 'out', 'state.txt'), state);
  return work;
}

test('an attempt goes on in the same folder when the last one has ended for certain', async (t) => {
  const work = workWith(t, '7');
  assert.equal(await takeOver(work), join(work, 'out'));
});

test('what a lost host may still write to is copied, and taken out of its reach', async (t) => {
  const work = workWith(t, '7');
  writeFileSync(join(work, 'user.1.0'), '');
  const out = await takeOver(work);
  assert.equal(out, join(work, 'out.1'));
  assert.equal(readFileSync(join(out, 'state.txt'), 'utf8'), '7');
  assert.equal(hasState(join(work, 'out')), false);
  assert.equal(await takeOver(work), out);
});

test('what a job may still write to that nobody here can see is copied too, here and on a node', async (t) => {
  const work = workWith(t, '7');
  noteUnseenUser(work);
  const out = await takeOver(work);
  assert.deepEqual([out, hasState(join(work, 'out'))], [join(work, 'out.1'), false]);
  noteUnseenUser(work);
  runCopy(work, join(tempFolder(t), '2'), { epoch: 2, id: '12' });
  assert.equal(newestOut(work), join(work, 'out.2'));
  assert.match(readFileSync(join(work, 'out.2', 'state.txt'), 'utf8'), /^7on\n$/);
});

test('epochs grow, whoever asks', (t) => {
  const work = workWith(t, '');
  writeFileSync(join(work, 'turn.4.1'), '');
  assert.deepEqual([nextEpoch(work), nextEpoch(work)], [5, 6]);
});

test('a folder that did not change has the same signature, and an empty one that of none', async (t) => {
  const work = workWith(t, '7');
  const before = await signatureOf(join(work, 'out'));
  assert.equal(await signatureOf(join(work, 'out')), before);
  writeFileSync(join(work, 'out', 'more.txt'), '');
  assert.notEqual(await signatureOf(join(work, 'out')), before);
  assert.equal(await signatureOf(join(work, 'nothing')), noProgress);
});

/** Runs a job's script as Slurm would, with a program that adds a line to its state; gives the text of the state it leaves. */
function runCopy(work: string, folder: string, { epoch, id }: { epoch: number; id: string }): void {
  mkdirSync(folder, { recursive: true });
  const append = ['sh', '-c', 'echo "$2" >>"$1/state.txt"', 'sh', join(work, 'out')];
  const job = jobLike({
    folder,
    command: { args: [...append, 'fresh'], resumeArgs: [...append, 'on'], cwd: folder, env: {} },
    shared: { work, epoch },
  });
  writeFileSync(join(folder, 'job.sh'), slurmJobText(job, {}));
  execFileSync('/bin/sh', [join(folder, 'job.sh')], {
    env: { PATH: process.env.PATH, SLURM_JOB_ID: id, SLURMD_NODENAME: 'n1' },
  });
}

test('a job begins afresh, its next attempt goes on, and an older one that wakes up late does nothing', (t) => {
  const work = join(tempFolder(t), 'work');
  const folder = tempFolder(t);
  runCopy(work, join(folder, '1'), { epoch: 1, id: '11' });
  runCopy(work, join(folder, '3'), { epoch: 3, id: '13' });
  runCopy(work, join(folder, '2'), { epoch: 2, id: '12' });
  assert.equal(readFileSync(join(newestOut(work), 'state.txt'), 'utf8'), 'fresh\non\n');
  assert.deepEqual(
    readdirSync(work).filter((name) => name.startsWith('user.')),
    [],
  );
});

test('on the node too, what a lost copy may still write to is left to it', (t) => {
  const work = workWith(t, 'from the lost one\n');
  writeFileSync(join(work, 'user.1.0'), '');
  runCopy(work, join(tempFolder(t), '2'), { epoch: 2, id: '12' });
  assert.equal(newestOut(work), join(work, 'out.1'));
  assert.equal(readFileSync(join(work, 'out.1', 'state.txt'), 'utf8'), 'from the lost one\non\n');
});

test('a job that is started again writes elsewhere, whatever its id; one that a driver gave up does not begin', (t) => {
  const work = join(tempFolder(t), 'work');
  const folder = join(tempFolder(t), '1');
  runCopy(work, folder, { epoch: 1, id: '11' });
  runCopy(work, folder, { epoch: 1, id: '99' });
  assert.deepEqual(beginningOf(folder), { copies: 2, isWithdrawn: false });
  // The first had come to its end, so there was nothing to do.
  assert.equal(readFileSync(join(work, 'out', 'state.txt'), 'utf8'), 'fresh\n');

  mkdirSync(join(folder, '..', '2'));
  assert.equal(withdrawJob(join(folder, '..', '2')), true);
  runCopy(work, join(folder, '..', '2'), { epoch: 2, id: '12' });
  assert.equal(readFileSync(join(work, 'out', 'state.txt'), 'utf8'), 'fresh\n');
});
