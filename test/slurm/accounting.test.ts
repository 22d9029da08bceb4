import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { useCluster, withoutAccounting } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** All other tests do without `sacct`; here it is. */
describe('a cluster that keeps accounts', { skip: withoutAccounting, timeout: 120_000 }, () => {
  const here = useCluster({ nodes: 1, accounting: true });

  test('gives the same bytes', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { params: ['seeds=2'] });
    scene.cue('all');
    await scene.start().succeeded();
    await scene.settled();
    const accounts = (): Promise<string> => here.cluster.command('sacct', '-nXP', '-o', 'JobName,State');
    await eventually('the last job is in the accounts', async () => /^gather\S*\|COMPLETED$/m.test(await accounts()));
  });

  test('does not keep a run waiting while its database is away', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const driver = scene.start();
    await scene.begun('train-1');
    await here.cluster.stopAccounting();
    scene.cue('all');
    await driver.succeeded();
    await scene.settled();
  });
});
