import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlurmJobs } from '../../../../../runner/executors/slurm/jobs/slurm-jobs.ts';
import { queueRow } from '../../../../support/queue-row.ts';
import { jobLike } from '../../../../support/slurm-job.ts';

const job = jobLike({ token: 'a' });

test('a job is found by any copy of it, and given as it came first', () => {
  const jobs = new SlurmJobs();
  jobs.submit(job, { name: 'a' });
  assert.equal(jobs.find({ ...job })?.job, job);
  assert.equal(jobs.find(jobLike({ token: 'b' })), undefined);
});

test('what is adopted twice stays as it was adopted first', () => {
  const jobs = new SlurmJobs();
  jobs.adopt(job, { name: 'first' });
  jobs.adopt({ ...job }, { name: 'second' });
  assert.equal(jobs.size, 1);
  assert.deepEqual(jobs.find(job)?.as, { name: 'first' });
});

test('a job is not looked for while it is being submitted', () => {
  const jobs = new SlurmJobs();
  const slurmJob = jobs.submit(job, { name: 'a' });
  assert.deepEqual(jobs.handedOver(), []);
  jobs.doubt(slurmJob);
  assert.deepEqual(jobs.handedOver(), [slurmJob]);
  jobs.accept(slurmJob, '7');
  assert.deepEqual(jobs.handedOver(), [slurmJob]);
  assert.deepEqual([slurmJob.phase, slurmJob.as.id], ['submitted', '7']);
});

test('a job that has ended is in the table no more', () => {
  const jobs = new SlurmJobs();
  const slurmJob = jobs.submit(job, { name: 'a' });
  jobs.remove(slurmJob);
  assert.deepEqual([jobs.size, jobs.has(slurmJob), jobs.named('a')], [0, false, []]);
});

test('of a line of the queue it is told what is new', () => {
  const jobs = new SlurmJobs();
  const slurmJob = jobs.submit(job, { name: 'a' });
  jobs.accept(slurmJob, '7');
  const none = { isNewId: false, isNewState: false, isRestarted: false };
  assert.deepEqual(jobs.show(slurmJob, queueRow()), { ...none, isNewState: true });
  assert.deepEqual(jobs.show(slurmJob, queueRow({ reason: 'Priority' })), none);
  assert.deepEqual(jobs.show(slurmJob, queueRow({ id: '8' })), { ...none, isNewId: true });
  assert.deepEqual(jobs.show(slurmJob, queueRow({ id: '8', restarts: 1 })), { ...none, isRestarted: true });
  assert.equal(slurmJob.as.id, '8');
});

test('how long a job is missing counts from when it was missed first, until it is seen', () => {
  const jobs = new SlurmJobs();
  const slurmJob = jobs.submit(job, { name: 'a' });
  assert.equal(jobs.missingSeconds(slurmJob, 10), 0);
  assert.equal(jobs.missingSeconds(slurmJob, 14), 4);
  jobs.unmiss(slurmJob);
  assert.equal(jobs.missingSeconds(slurmJob, 20), 0);
});
