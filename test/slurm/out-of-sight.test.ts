import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** Users of every Debian; nobody has to be made for a test. */
const games = { uid: 5, gid: 100 };
const mail = { uid: 8, gid: 100 };

/** So short that a job which is believed to be gone would soon be started again. */
const impatient = { visibleWithinSeconds: 4 };

/** However a listing comes to leave a job out, that job runs once. */
describe('a running job that listings do not show', { skip: withoutSlurm, timeout: 240_000, concurrency: 5 }, () => {
  const here = useCluster({ nodes: 2, conf: ['PrivateData=jobs'] });

  /** It has looked, and again after it could have lost its patience. */
  const looks = async (scene: SlurmScene): Promise<void> => {
    const before = scene.flaky.calls('squeue').length;
    await eventually(
      'it has looked twenty times more',
      () => scene.flaky.calls('squeue').length >= before + 20 || scene.count('train-1') > 1,
      { seconds: 60, told: () => scene.report() },
    );
  };

  const ranOnce = (scene: SlurmScene): void => {
    const counts = ['train-1', 'score', 'gather'].map((name) => scene.count(name));
    assert.deepEqual(counts, [1, 2, 1]);
  };

  test('because its partition is hidden from its user runs once', async (t) => {
    await here.cluster.command('scontrol', 'create', 'PartitionName=secret', 'Nodes=ALL', 'Hidden=YES');
    const scene = new SlurmScene(t, here.cluster, { user: games, slurm: { ...impatient, partition: 'secret' } });
    const plan = await scene.command('plan', ...scene.runWords().slice(1));
    assert.equal(plan.code, 0, plan.stderr);
    const driver = scene.start();
    await scene.begun('train-1');
    await looks(scene);
    scene.cue('all');
    await driver.succeeded();
    ranOnce(scene);
    await scene.settled();
  });

  test('because it is the job of another user runs once, and that user keeps what it gave', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { user: games, slurm: impatient });
    const first = scene.start();
    await scene.begun('train-1');
    await first.kill();
    const second = scene.startUnder({ user: mail });
    await looks(scene);
    scene.cue('all');
    await second.succeeded();
    ranOnce(scene);
    await scene.settled();
  });

  test('because somebody renamed it runs once, and is cancelled by whoever cancels its node', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { slurm: impatient });
    const driver = scene.start();
    const [begun] = await scene.begun('train-1');
    await here.cluster.command('scontrol', 'update', `JobId=${begun?.job}`, 'JobName=mine');
    await looks(scene);
    assert.equal(scene.count('train-1'), 1);
    const { code, stderr } = await scene.command('cancel', '1');
    assert.equal(code, 0, stderr);
    await driver.ended();
    await scene.emptyQueue();
    scene.cue('all');
    await scene.start().succeeded();
    await scene.settled();
  });

  test('because nothing shows it is known by its signs of life', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { slurm: impatient });
    const driver = scene.start();
    await scene.begun('train-1');
    scene.flaky.always('squeue', 'empty');
    scene.flaky.always('scontrol', 'empty');
    await looks(scene);
    scene.cue('all');
    await scene.done('train-1');
    scene.flaky.heal('squeue');
    scene.flaky.heal('scontrol');
    await driver.succeeded();
    ranOnce(scene);
    await scene.settled();
  });

  test('whatever the shell tells each of the commands runs once', async (t) => {
    const told = {
      SBATCH_JOB_NAME: 'mine',
      SBATCH_ARRAY_INX: '0-1',
      SBATCH_OUTPUT: '/nonexistent/log',
      SBATCH_TEST_ONLY: '1',
      SLURM_JOB_NAME: 'mine',
      SQUEUE_STATES: 'PENDING',
      SQUEUE_NAMES: 'mine',
      SQUEUE_FORMAT: '%i',
      SCONTROL_ALL: '0',
      SCANCEL_NAME: 'mine',
    };
    const scene = new SlurmScene(t, here.cluster, { slurm: impatient, env: told });
    const driver = scene.start();
    await scene.begun('train-1');
    await looks(scene);
    scene.cue('all');
    await driver.succeeded();
    ranOnce(scene);
    await scene.settled();
  });

  test('because the site says what names and listings rest on is refused before it is submitted', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { slurm: { extra: ['--job-name=mine', '-a0-1'] } });
    const { code, stderr } = await scene.start().ended();
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--job-name[^]*--array/);
    assert.deepEqual(scene.flaky.calls('sbatch'), []);
  });
});
