import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** Each as an administrator, a scheduler or a limit does it; at the same time, because limits are looked at every half minute. */
describe('a job', { skip: withoutSlurm, timeout: 300_000, concurrency: 4 }, () => {
  const here = useCluster({ nodes: 4 });
  const training = async (scene: SlurmScene): Promise<{ id: string; node: string }> => {
    scene.cue('train-1-1', 'whole-1-1', 'train-1-2'); // one checkpoint whole, one half written
    const [first] = await scene.begun('train-1');
    await scene.begun('score');
    return { id: first?.job ?? '', node: first?.node ?? '' };
  };

  test('that a higher partition pre-empts goes on from its last whole checkpoint', async (t) => {
    // On nodes of its own: jobs of the other scenes need not give way, and Slurm waits for their ends.
    const scene = new SlurmScene(t, here.cluster, { slurm: { partition: 'preempt', extra: ['--exclude=n1,n2'] } });
    const driver = scene.start();
    const { node } = await training(scene);
    const options = ['--parsable', '-o', '/dev/null', '-p', 'high', '--exclusive', '-w', node];
    const above = (await here.cluster.command('sbatch', ...options, '--wrap', 'sleep 300')).trim();
    t.after(() => here.cluster.command('scancel', above));
    const [, second] = await scene.begun('train-1', 2, 60);
    assert.notEqual(second?.node, node);
    scene.cue('all');
    await driver.succeeded();
    assert.equal(scene.count('train-1'), 2);
    await scene.settled();
  });

  test('that comes to its time limit in the middle of a checkpoint goes on from the one before', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { resources: { hours: 1 } });
    const driver = scene.start();
    scene.cue('stubborn');
    const { id } = await training(scene);
    await here.cluster.command('scontrol', 'update', `JobId=${id}`, 'EndTime=now');
    await scene.begun('train-1', 2, 90);
    scene.cue('all');
    await driver.succeeded();
    assert.equal(scene.count('train-1'), 2);
    await scene.settled();
  });

  test('is warned ahead of its time limit, and goes on after it has ended itself', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { resources: { hours: 0.05 } });
    const driver = scene.start();
    await training(scene);
    await scene.told('train-1', 1, 120);
    await scene.begun('train-1', 2, 60);
    scene.cue('all');
    await driver.succeeded();
    assert.equal(scene.count('train-1'), 2);
    await scene.settled();
  });

  test('that Slurm requeues under the same id goes on in its folder', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { slurm: { requeue: true } });
    const driver = scene.start();
    const { id } = await training(scene);
    await here.cluster.command('scontrol', 'requeue', id);
    await here.cluster.until('it waits again', (jobs) => jobs.find((job) => job.id === id && job.state === 'PENDING'));
    await here.cluster.hurry();
    const [, second] = await scene.begun('train-1', 2, 60);
    assert.deepEqual([second?.job, second?.restarts], [id, 1]);
    scene.cue('all');
    await driver.succeeded();
    assert.equal(scene.count('train-1'), 2);
    await scene.settled();
  });

  test('that somebody cancels by hand fails by that name and is not tried again until the next run', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const driver = scene.start();
    const { id } = await training(scene);
    scene.cue('score-1-1');
    await here.cluster.command('scancel', id);
    const { code } = await driver.ended();
    assert.equal(code, 1, driver.output);
    assert.match(driver.output, /scancel|cancelled/);
    assert.equal(scene.count('train-1'), 1);
    await scene.emptyQueue();
    scene.cue('all');
    await scene.start().succeeded();
    assert.equal(scene.count('train-1'), 2);
    await scene.settled();
  });

  test('that no node can ever satisfy is refused before anything is queued', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { resources: { gpus: 1000 } });
    const plan = await scene.command('plan', ...scene.runWords().slice(1));
    assert.notEqual(plan.code, 0, plan.stderr);
    assert.match(plan.stderr, /1000/);
    const run = await scene.start().ended();
    assert.notEqual(run.code, 0, run.stderr);
    assert.match(run.stderr, /train[^]*1000 GPUs/);
    assert.deepEqual(scene.entries('begun'), []);
    assert.equal(scene.flaky.calls('sbatch').length, 0);
    await scene.emptyQueue();
  });

  test('that cancel ends is gone from the queue, and so is the rest of its run', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { params: ['seeds=2'] });
    const driver = scene.start();
    await training(scene);
    await scene.begun('train-2');
    const cancel = await scene.command('cancel', '1');
    assert.equal(cancel.code, 0, cancel.stderr);
    await driver.ended();
    await scene.emptyQueue();
    scene.cue('all');
    await scene.start().succeeded();
    await scene.settled();
  });

  test('of a run that nobody drives is ended by cancel as well', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const driver = scene.start();
    await training(scene);
    await driver.kill();
    const cancel = await scene.command('cancel', '1');
    assert.equal(cancel.code, 0, cancel.stderr);
    await scene.emptyQueue();
    scene.cue('all');
    await scene.start().succeeded();
    await scene.settled();
  });
});
