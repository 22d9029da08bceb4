import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** Slurm forgets a job some minutes after its end; here after seconds. What the job wrote itself is what is left. */
describe('a job that Slurm has forgotten', { skip: withoutSlurm, timeout: 180_000 }, () => {
  const here = useCluster({ nodes: 2, minJobAge: 2 });

  const untilForgotten = (id: string): Promise<boolean> =>
    here.cluster.until('it is forgotten', (jobs) => (jobs.some((job) => job.id === id) ? undefined : true), {
      seconds: 60,
    });

  test('is taken for what it was: done', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const first = scene.start();
    const [begun] = await scene.begun('train-1');
    await first.kill();
    scene.cue('all');
    await scene.done('train-1');
    await untilForgotten(begun?.job ?? '');
    await scene.start('attach').succeeded();
    assert.equal(scene.count('train-1'), 1);
    await scene.settled();
  });

  test('is taken for what it was: failed by its own error', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    writeFileSync(join(scene.stage, 'break'), '');
    const first = scene.start();
    const [begun] = await scene.begun('train-1');
    await first.kill();
    scene.cue('all');
    await untilForgotten(begun?.job ?? '');
    const { code, stderr } = await scene.start('attach').ended();
    assert.equal(code, 1, stderr);
    assert.match(stderr, /exit code 7/);
    assert.equal(scene.count('train-1'), 1);
    rmSync(join(scene.stage, 'break'));
    await scene.start().succeeded();
    await scene.settled();
  });

  test('and that left nothing at all is run again', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { slurm: { visibleWithinSeconds: 5 } });
    scene.cue('train-1-1', 'whole-1-1');
    const first = scene.start();
    const [begun] = await scene.begun('train-1');
    await scene.begun('score');
    await first.kill();
    await here.cluster.killNode(begun?.node ?? '');
    await untilForgotten(begun?.job ?? '');
    scene.cue('all');
    await scene.start('attach').succeeded();
    await here.cluster.restartNode(begun?.node ?? '');
    assert.equal(scene.count('train-1'), 2);
    await scene.settled();
  });
});
