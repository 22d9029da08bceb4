import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Change, Job } from '../../../../runner/executors/executor.ts';
import { SlurmExecutor } from '../../../../runner/executors/slurm/slurm.ts';
import { eventually } from '../../../support/eventually.ts';
import { SlurmInMemory } from '../../../support/slurm-in-memory.ts';
import { jobLike } from '../../../support/slurm-job.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

/** Answers a submission when the test says so. */
class SlowSlurm extends SlurmInMemory {
  readonly asked: string[] = [];
  answerFirst: () => void = () => {};

  override async submit(options: readonly string[]) {
    this.asked.push(options.find((option) => option.startsWith('--job-name=')) ?? '');
    if (this.asked.length === 1) await new Promise<void>((resolve) => (this.answerFirst = resolve));
    return super.submit(options);
  }
}

test('a job that waits behind another submission counts as queued, and one that is cancelled there never reaches Slurm', async (t) => {
  const slurm = new SlowSlurm();
  const executor = new SlurmExecutor({ pollSeconds: 0.02, maxQueued: 2 }, slurm);
  const ended: Change[] = [];
  executor.onChange((change) => change.type === 'exited' && ended.push(change));
  await executor.open();
  t.after(() => executor.close());
  const root = tempFolder(t);
  const newJob = (token: string, cpus: number): Job => {
    mkdirSync(join(root, token));
    return jobLike({ token, folder: join(root, token), resources: { cpus } });
  };
  const [first, second] = [newJob('first', 1), newJob('second', 2)];
  executor.submit(first);
  executor.submit(second);
  await eventually('the first was handed to Slurm', () => slurm.asked.length === 1);
  assert.equal(executor.hasRoom(), false);
  executor.cancel(second);
  await eventually('the second has ended', () => ended.length === 1);
  slurm.answerFirst();
  await executor.settle();
  assert.deepEqual(slurm.asked, ['--job-name=first']);
  assert.deepEqual(
    ended.map((change) => change.type === 'exited' && [change.job.token, change.exit.cancelled]),
    [['second', true]],
  );
});
