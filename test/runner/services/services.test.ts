import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { endpoint } from '../../../tasks/core/task.ts';
import { handingOnCopies } from '../../support/copies-of-jobs.ts';
import { finish, portOf, Rig } from '../../support/rig.ts';

test('a service is known by its token: an executor may report its changes with a copy of the job', async (t) => {
  const rig = await Rig.start(t);
  const server = rig.server('server', {});
  const ask = rig.puppet('ask', { server: endpoint }, { value: z.int() });
  const run = await rig.run(() => ask({ server: server({}) }), { handOn: handingOnCopies });
  const serving = await rig.started('server');
  await serving.listen(portOf(serving));
  await finish(await rig.started('ask'), { value: 1 });
  assert.equal((await run.ended()).status, 'succeeded');
  assert.deepEqual(run.of('node-started'), ['server', 'ask']);
  assert.deepEqual(run.of('service-stopped'), ['server']);
});
