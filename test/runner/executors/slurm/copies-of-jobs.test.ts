import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Change, Job } from '../../../../runner/executors/executor.ts';
import { SlurmExecutor } from '../../../../runner/executors/slurm/slurm.ts';
import { eventually } from '../../../support/eventually.ts';
import { jobLike } from '../../../support/slurm-job.ts';
import { SlurmInMemory } from '../../../support/slurm-in-memory.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

type JobChange = Exclude<Change, { type: 'trouble' }>;

async function opened(t: TestContext) {
  const slurm = new SlurmInMemory();
  const executor = new SlurmExecutor({ pollSeconds: 0.02 }, slurm);
  const changes: JobChange[] = [];
  executor.onChange((change) => change.type !== 'trouble' && changes.push(change));
  await executor.open();
  t.after(() => executor.close());
  const root = tempFolder(t);
  const newJob = (token: string): Job => {
    const folder = join(root, token);
    mkdirSync(folder);
    return jobLike({ token, folder });
  };
  const told = (type: JobChange['type'], { token }: Job): Promise<JobChange> =>
    eventually(`${token} is ${type}`, () =>
      changes.find((change) => change.type === type && change.job.token === token),
    );
  return { slurm, executor, changes, newJob, told };
}

const copied = (job: Job): Job => structuredClone(job);

test('a copy of a job asks for its status and cancels it, and what is told is of the job first given', async (t) => {
  const { slurm, executor, changes, newJob, told } = await opened(t);
  const job = newJob('a');
  executor.submit(job);
  await told('submitted', job);
  await eventually('the queue was looked at', () => executor.queueStatus(copied(job)));
  assert.equal(executor.queueStatus(copied(job))?.state, 'PENDING');
  executor.cancel(copied(job));
  const exited = await told('exited', job);
  assert.ok(exited.type === 'exited' && exited.exit.cancelled);
  assert.deepEqual(slurm.cancels, [['a']]);
  assert.deepEqual(
    changes.map(({ type, job: told }) => [type, told === job]),
    [
      ['submitting', true],
      ['submitted', true],
      ['exited', true],
    ],
  );
});

test('a copy of a job that was not handed over yet takes it back', async (t) => {
  const { slurm, executor, newJob, told } = await opened(t);
  const job = newJob('a');
  executor.submit(job);
  executor.cancel(copied(job));
  assert.equal((await told('exited', job)).job, job);
  await executor.settle();
  assert.deepEqual(slurm.rows, []);
});

test('two jobs that differ in their tokens alone are two', async (t) => {
  const { slurm, executor, newJob, told } = await opened(t);
  const first = newJob('a');
  const second = { ...first, token: 'b', folder: newJob('b').folder };
  executor.submit(first);
  executor.submit(second);
  await told('submitted', second);
  executor.cancel(copied(second));
  await told('exited', second);
  assert.equal(executor.queueStatus(first)?.state, 'PENDING');
  assert.deepEqual(slurm.cancels, [['a.x2', '1_1']]);
});

test('an adopted job is followed once, however many copies of it are handed over', async (t) => {
  const { slurm, executor, changes, newJob, told } = await opened(t);
  const job = newJob('a');
  await slurm.submit(['--job-name=a']);
  executor.adopt(job, { name: 'a' });
  executor.adopt(copied(job), { name: 'a' });
  await told('submitted', job);
  executor.cancel(copied(job));
  await told('exited', job);
  assert.deepEqual(
    changes.map(({ type, job: told }) => [type, told === job]),
    [
      ['submitted', true],
      ['exited', true],
    ],
  );
});

test('a submission whose answer was lost is found in the queue', async (t) => {
  const { slurm, executor, changes, newJob, told } = await opened(t);
  slurm.lostAnswers = 1;
  const job = newJob('a');
  executor.submit(job);
  await told('submitted', job);
  assert.deepEqual(
    changes.map(({ type }) => type),
    ['submitting', 'submitted'],
  );
  assert.equal(slurm.rows.length, 1);
});
