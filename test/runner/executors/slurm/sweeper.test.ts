import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LingeringJobs } from '../../../../runner/executors/slurm/lingering-jobs.ts';
import { Listing } from '../../../../runner/executors/slurm/queue/listing.ts';
import { SlurmJobs } from '../../../../runner/executors/slurm/jobs/slurm-jobs.ts';
import { Sweeper } from '../../../../runner/executors/slurm/sweeper.ts';
import { queueRow } from '../../../support/queue-row.ts';
import { SlurmInMemory } from '../../../support/slurm-in-memory.ts';
import { jobLike } from '../../../support/slurm-job.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

test('a job that was given up is cancelled when its name turns up, once', async (t) => {
  const slurm = new SlurmInMemory();
  const jobs = new SlurmJobs();
  const sweeper = new Sweeper(slurm, jobs, undefined);
  const folder = tempFolder(t);
  const slurmJob = jobs.submit(jobLike({ folder }), { name: 'late' });
  assert.equal(sweeper.withdraw(slurmJob), true);
  assert.ok(existsSync(join(folder, 'begun.0')));
  const listing = new Listing([queueRow({ name: 'late' })]);
  await sweeper.sweep(listing);
  assert.deepEqual(slurm.cancels, [], 'its end was not told yet');
  jobs.remove(slurmJob);
  await sweeper.sweep(new Listing([]));
  await sweeper.sweep(listing);
  await sweeper.sweep(listing);
  assert.deepEqual(slurm.cancels, [['late']]);
});

test('a job that has begun is not given up', (t) => {
  const jobs = new SlurmJobs();
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'begun.0'), '');
  const sweeper = new Sweeper(new SlurmInMemory(), jobs, undefined);
  assert.equal(sweeper.withdraw(jobs.submit(jobLike({ folder }), { name: 'a' })), false);
});

test('of lingering jobs those that are not over are cancelled, by the id that they have now', async (t) => {
  const root = join(tempFolder(t), 'store');
  mkdirSync(root);
  const lingering = new LingeringJobs(root);
  lingering.add({ name: 'held', index: 3, id: '1' });
  lingering.add({ name: 'over' });
  const slurm = new SlurmInMemory();
  const rows = [queueRow({ name: 'held', index: 3, id: '9' }), queueRow({ name: 'over', state: 'COMPLETED' })];
  await new Sweeper(slurm, new SlurmJobs(), new LingeringJobs(root)).sweep(new Listing(rows));
  assert.deepEqual(slurm.cancels, [['held', '9_3']]);
});
