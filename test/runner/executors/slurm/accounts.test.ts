import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Accounts } from '../../../../runner/executors/slurm/accounts.ts';
import type { Answer } from '../../../../runner/executors/slurm/queue/commands.ts';
import type { QueueRow } from '../../../../runner/executors/slurm/queue/queue-text.ts';
import { SlurmJobs } from '../../../../runner/executors/slurm/jobs/slurm-jobs.ts';
import { queueRow } from '../../../support/queue-row.ts';
import { jobLike } from '../../../support/slurm-job.ts';

test('accounting is asked once for all that share a name, and again only after a while', async () => {
  const asked: string[] = [];
  let now = 0;
  const accounted = async (names: readonly string[]): Promise<Answer<QueueRow[]>> => {
    asked.push(names.join());
    const rows = [
      queueRow({ name: 'x', index: 0, state: 'TIMEOUT' }),
      queueRow({ name: 'x', index: 1, state: 'RUNNING' }),
    ];
    return { is: 'answer', value: rows };
  };
  const jobs = new SlurmJobs();
  const forgotten = [0, 1, 2].map((index) => jobs.submit(jobLike({ token: `t${index}` }), { name: 'x', index }));
  const accounts = new Accounts({ accounted }, () => now);
  assert.deepEqual(await accounts.over([]), []);
  const over = await accounts.over(forgotten);
  assert.deepEqual(
    over.map(([slurmJob, row]) => [slurmJob.job.token, row.state]),
    [['t0', 'TIMEOUT']],
  );
  now = 15;
  assert.deepEqual(await accounts.over(forgotten), []);
  now = 16;
  assert.equal((await accounts.over(forgotten)).length, 1);
  assert.deepEqual(asked, ['x', 'x']);
});
