import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** SIGKILL at every boundary; what was submitted runs on, and the next driver takes it over. */
describe('a driver that is killed', { skip: withoutSlurm, timeout: 300_000, concurrency: 3 }, () => {
  const here = useCluster();

  test('before it wrote its intent has done nothing', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    scene.gate('intent');
    const first = scene.start();
    await scene.at('intent');
    await first.kill();
    assert.equal(scene.count('train-1'), 0);
    scene.open('intent');
    scene.cue('all');
    await scene.start().succeeded();
    assert.equal(scene.count('train-1'), 1);
    await scene.settled();
  });

  test('between intent and sbatch is followed by one that submits', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    scene.flaky.next('sbatch', 'hold');
    const first = scene.start();
    await scene.flaky.held('sbatch');
    await first.kill();
    scene.flaky.drop('sbatch');
    scene.cue('all');
    await scene.start('resume', '--executor', 'slurm').succeeded();
    assert.deepEqual([scene.count('train-1'), scene.count('gather')], [1, 1]);
    await scene.settled();
  });

  test('after sbatch, before its answer, is followed by one that finds the job by its name', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const first = scene.start();
    await scene.begun('train-1');
    scene.flaky.next('sbatch', 'hold-answer');
    scene.cue('train-1-1', 'whole-1-1'); // a checkpoint, so that a score is submitted
    await scene.flaky.held('sbatch');
    await first.kill();
    scene.flaky.drop('sbatch');
    scene.cue('all');
    await scene.start('attach').succeeded();
    assert.deepEqual([scene.count('train-1'), scene.count('score')], [1, 2]);
    await scene.settled();
  });

  test('while its sbatch was still under way is followed by one job, not two', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const first = scene.start();
    await scene.begun('train-1');
    scene.flaky.next('sbatch', 'hold');
    scene.cue('train-1-1', 'whole-1-1');
    await scene.flaky.held('sbatch');
    await first.kill();
    const second = scene.start();
    await scene.saw('node-queued', { fits: ({ attempt, address }) => attempt > 0 && address.startsWith('score') });
    scene.cue('all');
    await second.succeeded();
    scene.flaky.release('sbatch'); // and now the sbatch of the dead driver comes through
    await scene.emptyQueue();
    assert.equal(scene.count('score'), 2);
    await scene.settled();
  });

  test('while it polls leaves its jobs running, and nothing starts again', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const first = scene.start();
    await scene.begun('train-1');
    scene.flaky.always('squeue', 'hold');
    await scene.flaky.held('squeue');
    await first.kill();
    scene.flaky.heal('squeue');
    scene.flaky.drop('squeue');
    scene.cue('all');
    await scene.done('train-1'); // with no driver anywhere
    await scene.start().succeeded();
    assert.equal(scene.count('train-1'), 1);
    await scene.settled();
  });

  test('while it takes in a result is followed by one that takes it in without running it again', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    scene.gate('ingest');
    scene.cue('all');
    const first = scene.start();
    await scene.at('ingest');
    await first.kill();
    scene.open('ingest');
    await scene.start('attach').succeeded();
    assert.deepEqual([scene.count('train-1'), scene.count('score'), scene.count('gather')], [1, 2, 1]);
    await scene.settled();
  });

  test('again and again loses nothing', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { params: ['seeds=2'] });
    const first = scene.start();
    await scene.begun('train-1');
    await first.kill();
    const second = scene.start();
    scene.cue('train-1-1', 'whole-1-1', 'train-2-1', 'whole-2-1');
    await scene.begun('score', 2);
    await second.kill();
    scene.cue('score-1-1', 'score-2-1', 'train-1-2');
    const third = scene.start('resume', '--executor', 'slurm');
    await scene.done('score-1-1');
    await third.kill();
    scene.cue('all');
    await scene.start('attach').succeeded();
    const counts = ['train-1', 'train-2', 'score', 'gather'].map((name) => scene.count(name));
    assert.deepEqual(counts, [1, 1, 4, 1]);
    await scene.settled();
  });
});
