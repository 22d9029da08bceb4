import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** How long the controller is away, in seconds. */
const outageSeconds = Number(process.env.STET_TEST_OUTAGE ?? 60);

describe('the controller of the cluster', { skip: withoutSlurm, timeout: 240_000 }, () => {
  const here = useCluster({ nodes: 2 });

  test('is away for a minute: jobs that ended meanwhile are taken, those that run run on', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { params: ['seeds=2'] });
    const driver = scene.start();
    await scene.begun('train-1');
    await scene.begun('train-2');
    scene.cue('train-1-1', 'whole-1-1');
    await here.cluster.stopController();
    scene.cue('train-1-2', 'whole-1-2');
    await scene.done('train-1');
    await delay(outageSeconds * 1000); // the outage is what is tested
    await here.cluster.startController();
    scene.cue('all');
    await driver.succeeded({ seconds: 90 });
    assert.deepEqual(
      ['train-1', 'train-2', 'score', 'gather'].map((name) => scene.count(name)),
      [1, 1, 4, 1],
    );
    await scene.settled();
  });

  test('hangs while a job is submitted: one job', async (t) => {
    t.after(() => here.cluster.thawController());
    const scene = new SlurmScene(t, here.cluster);
    const driver = scene.start();
    await scene.saw('node-started', { fits: ({ address }) => address.startsWith('train') });
    await here.cluster.freezeController();
    scene.cue('train-1-1', 'whole-1-1'); // a score is submitted into the silence
    await scene.saw('node-submitted', { fits: ({ address }) => address.startsWith('score') });
    // After ten seconds; the job is taken all the same.
    await eventually('sbatch has given up', () => scene.flaky.failures('sbatch') > 0, { seconds: 40 });
    await here.cluster.thawController();
    scene.cue('all');
    await driver.succeeded({ seconds: 90 });
    assert.deepEqual([scene.count('train-1'), scene.count('score')], [1, 2]);
    await scene.settled();
  });

  test('crashes and forgets a job, whose id another job gets: the job is submitted again, the other left alone', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    await here.cluster.command('scontrol', 'update', 'PartitionName=batch', 'State=DOWN'); // so that the job is only queued
    const witness = (
      await here.cluster.command('sbatch', '--parsable', '--hold', '-p', 'high', '-J', 'witness', '--wrap', 'true')
    ).trim();
    await here.cluster.hasSaved('witness'); // and that the jobs of earlier scenes have ended
    const before = here.cluster.savedController();
    const driver = scene.start();
    const { id } = await scene.saw('node-accepted');
    scene.flaky.always('sbatch', 'hold');
    await here.cluster.crashController();
    before.restore();
    await here.cluster.startController();
    const wanted = Number(id.split('_')[0]);
    const submit = async () =>
      (
        await here.cluster.command('sbatch', '--parsable', '-o', '/dev/null', '-p', 'high', '--wrap', 'sleep 600')
      ).trim();
    let other = await submit();
    while (Number(other) < wanted) {
      await here.cluster.command('scancel', other);
      other = await submit();
    }
    assert.equal(Number(other), wanted, 'the scene needs a controller that has forgotten');
    scene.flaky.heal('sbatch');
    scene.flaky.release('sbatch');
    await here.cluster.command('scontrol', 'update', 'PartitionName=batch', 'State=UP');
    scene.cue('all');
    await driver.succeeded({ seconds: 90 });
    await here.cluster.command('scancel', witness);
    const left = (await here.cluster.queue()).map((job) => job.id);
    assert.deepEqual(left, [other], 'the job of somebody else was touched');
    await here.cluster.command('scancel', other);
    assert.equal(scene.count('train-1'), 1);
    await scene.settled();
  });

  test('that comes back without its memory kills what ran: it is lost and tried again, and no program is blamed', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { slurm: { visibleWithinSeconds: 8 } });
    const driver = scene.start();
    await scene.saw('node-started', { fits: ({ address }) => address.startsWith('train') });
    await here.cluster.stopController();
    await here.cluster.startControllerAnew();
    await scene.begun('train-1', 2, 120);
    scene.cue('all');
    await driver.succeeded({ seconds: 90 });
    const failures = scene.events().flatMap((event) => (event.type === 'node-failed' ? [event.failure.code] : []));
    assert.ok(
      failures.every((code) => code === 'lost' || code === 'preempted'),
      failures.join(),
    );
    await scene.settled();
  });
});
