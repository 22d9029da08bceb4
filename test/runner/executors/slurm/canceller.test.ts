import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Canceller } from '../../../../runner/executors/slurm/canceller.ts';
import { SlurmJobs } from '../../../../runner/executors/slurm/jobs/slurm-jobs.ts';
import type { SlurmJob } from '../../../../runner/executors/slurm/jobs/slurm-job.ts';
import { SlurmInMemory } from '../../../support/slurm-in-memory.ts';
import { jobLike } from '../../../support/slurm-job.ts';

/** Three elements of an array, or three jobs of a pack, under one name. */
function three(as: (n: number) => { index?: number; pack?: number }) {
  const slurm = new SlurmInMemory();
  const jobs = new SlurmJobs();
  const slurmJobs = [0, 1, 2].map((n) => {
    const slurmJob = jobs.submit(jobLike({ token: `t${n}` }), { name: 'x', ...as(n) });
    jobs.accept(slurmJob, '7');
    return slurmJob;
  });
  let now = 0;
  const canceller = new Canceller(slurm, jobs, () => now);
  const cancel = (...some: readonly SlurmJob[]): Promise<boolean> => {
    for (const slurmJob of some) {
      jobs.askToCancel(slurmJob);
      canceller.add(slurmJob);
    }
    return canceller.send();
  };
  const later = (seconds: number): void => {
    now += seconds;
  };
  return { slurm, jobs, slurmJobs, canceller, cancel, later };
}

test('one call ends a whole array, and names its elements only where others go on', async () => {
  const all = three((index) => ({ index }));
  await all.cancel(...all.slurmJobs);
  assert.deepEqual(all.slurm.cancels, [['x']]);
  const two = three((index) => ({ index }));
  await two.cancel(...two.slurmJobs.slice(1));
  assert.deepEqual(two.slurm.cancels, [['x', '7_1', '7_2']]);
});

test('the job of a pack ends when all that it holds are to end', async () => {
  const { slurm, slurmJobs, cancel } = three((pack) => ({ pack }));
  await cancel(...slurmJobs.slice(1));
  assert.deepEqual(slurm.cancels, []);
  await cancel(...slurmJobs.slice(0, 1));
  assert.deepEqual(slurm.cancels, [['x']]);
});

test('what is still there ten seconds after it was told to end is told again', async () => {
  const { slurmJobs, canceller, cancel, later } = three((index) => ({ index }));
  const [slurmJob] = slurmJobs as [SlurmJob];
  await cancel(slurmJob);
  assert.equal(canceller.isOverdue(slurmJob), false);
  later(11);
  assert.equal(canceller.isOverdue(slurmJob), true);
});

test('who was not told to end is not overdue', () => {
  const { slurmJobs, jobs, canceller, later } = three((index) => ({ index }));
  const [slurmJob] = slurmJobs as [SlurmJob];
  jobs.askToCancel(slurmJob);
  later(11);
  assert.equal(canceller.isOverdue(slurmJob), false);
});

test('nothing to cancel is no call', async () => {
  const { slurm, canceller } = three((index) => ({ index }));
  assert.equal(await canceller.send(), false);
  assert.deepEqual(slurm.cancels, []);
});
