import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

describe('a node', { skip: withoutSlurm, timeout: 240_000 }, () => {
  const here = useCluster({ nodes: 3 });

  test('dies under a job: it goes on elsewhere from its last whole checkpoint', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const driver = scene.start();
    scene.cue('train-1-1', 'whole-1-1', 'train-1-2'); // one checkpoint whole, one half written
    const [first] = await scene.begun('train-1');
    await scene.begun('score');
    await here.cluster.killNode(first?.node ?? '');
    const [, second] = await scene.begun('train-1', 2);
    assert.notEqual(second?.node, first?.node);
    scene.cue('all');
    await driver.succeeded();
    await here.cluster.restartNode(first?.node ?? '');
    assert.equal(scene.count('train-1'), 2);
    await scene.settled();
  });

  test('dies and nobody tells the controller: the same, half a minute later', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const driver = scene.start();
    scene.cue('train-1-1', 'whole-1-1');
    const [first] = await scene.begun('train-1');
    await scene.begun('score');
    await here.cluster.killNode(first?.node ?? '', { told: false });
    scene.cue('all');
    await driver.succeeded({ seconds: 90 });
    await here.cluster.restartNode(first?.node ?? '');
    await scene.settled();
  });

  for (const requeue of [false, true]) {
    const how = requeue ? 'under the same id' : 'by the driver';
    test(`is cut off and comes back after its job was started again ${how}: only the newer copy counts`, async (t) => {
      const scene = new SlurmScene(t, here.cluster, { slurm: { requeue } });
      const driver = scene.start();
      scene.cue('train-1-1', 'whole-1-1');
      const [first] = await scene.begun('train-1');
      const node = first?.node ?? '';
      await scene.begun('score');
      await here.cluster.freezeNode(node);
      const hurrying = setInterval(() => void here.cluster.hurry().catch(() => undefined), 1000);
      t.after(() => clearInterval(hurrying));
      const [, second] = await scene.begun('train-1', 2);
      assert.notEqual(second?.node, node);
      assert.equal(second?.job === first?.job, requeue);
      scene.spoil(node); // the first copy lives, and writes rubbish over all that it reaches
      scene.cue('train-1-2');
      await scene.spoilt('train-1');
      scene.cue('whole-1-2');
      await scene.done('train-1');
      await here.cluster.thawNode(node);
      scene.cue('all');
      await driver.succeeded();
      await scene.settled();
    });
  }
});
