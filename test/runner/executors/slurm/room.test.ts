import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlurmCommands } from '../../../../runner/executors/slurm/queue/commands.ts';
import { SlurmExecutor } from '../../../../runner/executors/slurm/slurm.ts';
import { jobLike } from '../../../support/slurm-job.ts';

for (const maxQueued of [1, 2, 9, 10, 25]) {
  test(`a queue of ${maxQueued} takes so many jobs and, while it is full, none`, async () => {
    const executor = new SlurmExecutor({ maxQueued }, new SlurmCommands({}));
    let taken = 0;
    for (let looks = 0; looks < 3 * maxQueued; looks += 1) {
      if (!executor.hasRoom()) continue;
      executor.submit(jobLike({ token: `train.${looks}` }));
      taken += 1;
    }
    assert.equal(taken, maxQueued);
    await executor.close();
  });
}
