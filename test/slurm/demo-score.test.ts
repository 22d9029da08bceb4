import assert from 'node:assert/strict';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { listRuns, readEvents } from '../../runner/log/run-log.ts';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { startProgram } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { Driver } from '../support/program-process.ts';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { recordsIn } from '../support/slurm-project.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** The whole experiment in its quick profile: on this machine, and on a cluster with a power cut in the middle. */
describe('demo-score on a cluster', { skip: withoutSlurm, timeout: 600_000 }, () => {
  const here = useCluster({ nodes: 3 });

  test('gives the bytes of this machine, although its driver and a node are killed; what had finished is not repeated', async (t) => {
    const folder = tempFolder(t);
    for (const name of ['package.json', 'cache', 'tasks', 'pipelines'])
      cpSync(join(packageRoot(), name), join(folder, name), { recursive: true });
    symlinkSync(join(packageRoot(), 'node_modules'), join(folder, 'node_modules'));
    const [local, remote] = [join(folder, 'local'), join(folder, 'remote')];
    const drivers: Driver[] = [];
    t.after(() => Promise.all(drivers.map((driver) => driver.kill())));
    const run = (store: string, ...more: string[]): Driver => {
      const args = ['run', 'demo-score', '--profile', 'quick', '--store', store, ...more];
      const driver = new Driver(startProgram(args, { cwd: folder, env: here.cluster.env }), args.join(' '));
      drivers.push(driver);
      return driver;
    };
    const events = () => listRuns(remote).flatMap((name) => readEvents(join(remote, 'runs', name)));

    const first = run(remote, '--executor', 'slurm');
    const isTraining = () => events().find((event) => event.type === 'item-released');
    await eventually('training has released a checkpoint', isTraining, { seconds: 120, told: () => first.output });
    const busy = await here.cluster.until('a job runs', (jobs) => jobs.find(({ state }) => state === 'RUNNING'));
    await Promise.all([first.kill(), here.cluster.killNode(busy.node)]);
    await run(remote, '--executor', 'slurm').succeeded({ seconds: 240 });
    await here.cluster.restartNode(busy.node);

    await run(local).succeeded({ seconds: 240 });
    assert.deepEqual(await recordsIn(remote), await recordsIn(local));
    const finished = new Set<string>();
    for (const event of events()) {
      if (event.type === 'node-finished') finished.add(event.fingerprint);
      if (event.type === 'node-queued') assert.ok(!finished.has(event.fingerprint), `${event.label} ran again`);
    }
    await here.cluster.until('the queue is empty', (jobs) =>
      jobs.some(({ state }) => /RUN|PEND/.test(state)) ? undefined : true,
    );
  });
});
