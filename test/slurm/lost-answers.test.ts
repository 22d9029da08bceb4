import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** Answers that are lost, late, empty, old or none: none of them is news. */
describe('answers of Slurm', { skip: withoutSlurm, timeout: 300_000, concurrency: 3 }, () => {
  const here = useCluster();
  const names = ['train-1', 'score', 'gather'];

  test('a job that sbatch took although its answer was lost is adopted', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    scene.flaky.always('sbatch', 'lose');
    scene.cue('all');
    await scene.start().succeeded();
    assert.deepEqual(
      names.map((name) => scene.count(name)),
      [1, 2, 1],
    );
    assert.equal(scene.flaky.calls('sbatch').length, namesOfJobs(scene).size);
    await scene.settled();
  });

  test('an sbatch that takes long gives one job', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    scene.flaky.next('sbatch', 'late-12', 2);
    scene.cue('all');
    await scene.start().succeeded();
    assert.deepEqual(
      names.map((name) => scene.count(name)),
      [1, 2, 1],
    );
    await scene.settled();
  });

  test('an sbatch that never reached the controller is made again', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    scene.flaky.next('sbatch', 'refuse', 3);
    scene.cue('all');
    await scene.start().succeeded();
    assert.ok(scene.flaky.isSpent('sbatch'));
    assert.deepEqual(
      names.map((name) => scene.count(name)),
      [1, 2, 1],
    );
    await scene.settled();
  });

  for (const how of ['empty', 'refuse', 'stale', 'garble'] as const) {
    test(`while squeue is ${how === 'refuse' ? 'failing' : how} no state changes and nothing is lost`, async (t) => {
      const scene = new SlurmScene(t, here.cluster);
      const driver = scene.start();
      await scene.begun('train-1');
      await scene.saw('node-started', { fits: ({ address }) => address.startsWith('train') });
      scene.flaky.always('squeue', how);
      scene.flaky.always('scontrol', how);
      const before = scene.events().length;
      const calls = scene.flaky.calls().length;
      await eventually('it has asked a few times', () => scene.flaky.calls().length >= calls + 4, { seconds: 40 });
      const news = scene.events().slice(before);
      assert.deepEqual(
        news.filter(({ type }) => type !== 'warning'),
        [],
        'no answer is no news',
      );
      scene.cue('all'); // the job ends unseen
      await scene.done('train-1');
      scene.flaky.heal('squeue');
      scene.flaky.heal('scontrol');
      await driver.succeeded();
      assert.deepEqual(
        names.map((name) => scene.count(name)),
        [1, 2, 1],
      );
      await scene.settled();
    });
  }

  function namesOfJobs(scene: SlurmScene): Set<string> {
    const submitted = scene.events().flatMap((event) => (event.type === 'node-submitted' ? [event.name] : []));
    return new Set(submitted);
  }
});
