import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { SlurmCluster, useCluster, withoutAccounting } from '../support/slurm.ts';
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

  test('tells where another is: jobs go there, and are looked for there, whichever command the shell named it for', async (t) => {
    const said = readFileSync(here.cluster.env.SLURM_CONF, 'utf8').split('\n');
    const shared = said.filter((line) => /^(AuthInfo|AccountingStorage(Type|Host|Port|Pass))=/.test(line));
    await here.cluster.command('sacctmgr', '-i', 'add', 'cluster', 'other');
    const other = await SlurmCluster.start({ nodes: 1, conf: ['ClusterName=other', ...shared] });
    t.after(() => other.down());
    const known = (): Promise<string> =>
      here.cluster.command('sacctmgr', '-nP', 'list', 'cluster', 'format=cluster,controlport');
    await eventually('the other has told where it is', async () => /^other\|[1-9]/m.test(await known()), {
      seconds: 30,
    });
    const scene = new SlurmScene(t, here.cluster, {
      env: { SBATCH_CLUSTERS: 'other' },
      slurm: { visibleWithinSeconds: 4 },
    });
    const driver = scene.start();
    const [begun] = await scene.begun('train-1');
    assert.ok(
      (await other.queue()).some(({ id }) => id === begun?.job),
      'it is on the other',
    );
    const looks = scene.flaky.calls('squeue').length;
    await eventually('it has looked twenty times more', () => scene.flaky.calls('squeue').length >= looks + 20, {
      seconds: 60,
    });
    scene.cue('all');
    await driver.succeeded();
    assert.deepEqual(
      ['train-1', 'score', 'gather'].map((name) => scene.count(name)),
      [1, 2, 1],
    );
    await scene.settled();
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
