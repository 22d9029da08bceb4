import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Change } from '../../../runner/executors/executor.ts';
import { LocalExecutor } from '../../../runner/executors/local/local.ts';
import { endpoint } from '../../../tasks/core/task.ts';
import { finish, portOf, Rig } from '../../support/rig.ts';

/** Reports every change of a service with a copy of its job. */
class CopyingExecutor extends LocalExecutor {
  override onChange(listener: (change: Change) => void): void {
    super.onChange((change) => {
      const isOfService = 'job' in change && change.job.isService === true;
      listener(isOfService ? ({ ...change, job: { ...change.job } } as Change) : change);
    });
  }
}

test('a service is known by its token: an executor may report its changes with a copy of the job', async (t) => {
  const rig = await Rig.start(t);
  const server = rig.server('server', {});
  const ask = rig.puppet('ask', { server: endpoint }, { value: z.int() });
  const run = await rig.run(() => ask({ server: server({}) }), { executor: CopyingExecutor });
  const serving = await rig.started('server');
  await serving.listen(portOf(serving));
  await finish(await rig.started('ask'), { value: 1 });
  assert.equal((await run.ended()).status, 'succeeded');
  assert.deepEqual(run.of('node-started'), ['server', 'ask']);
  assert.deepEqual(run.of('service-stopped'), ['server']);
});
