import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { listRuns, readEvents } from '../../runner/log/run-log.ts';
import { eventually } from '../support/eventually.ts';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { undisturbed } from '../support/slurm-project.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** Its program is a file of the project. */
const scripted = {
  name: 'scripted',
  text: `
const say = task({ name: 'say', inputs: {}, outputs: { said: z.string() }, code: ['say.sh'], command: (_, out) => ['sh', 'say.sh', out.said] });
export default pipeline('scripted', { stage: z.string() }, () => ({ said: say({}).said }));
`,
};

describe('a run on a cluster', { skip: withoutSlurm, timeout: 240_000, concurrency: 3 }, () => {
  const here = useCluster({ nodes: 3 });

  test('gives the same bytes as on this machine', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { params: ['seeds=2', 'steps=3'] });
    scene.cue('all');
    await scene.start().succeeded();
    await scene.settled();
    const again = scene.start();
    await again.succeeded();
    assert.match(again.output, /nothing to do/);
  });

  test('of two drivers in one second makes one job of each node', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { params: ['seeds=2'] });
    const drivers = [scene.start(), scene.start()];
    await scene.begun('train-1');
    const trainingsMet = (run: string): number =>
      new Set(
        readEvents(join(scene.store, 'runs', run)).flatMap((event) =>
          (event.type === 'node-awaited' || event.type === 'node-submitted') && event.address.startsWith('train')
            ? [event.address]
            : [],
        ),
      ).size;
    await eventually('both drivers have come to both trainings', () => {
      const runs = listRuns(scene.store);
      return runs.length === 2 && runs.every((run) => trainingsMet(run) === 2);
    });
    scene.cue('all');
    for (const driver of drivers) await driver.succeeded();
    const counts = ['train-1', 'train-2', 'score', 'gather'].map((name) => scene.count(name));
    assert.deepEqual(counts, [1, 1, 4, 1]);
    await scene.settled();
  });

  test('in another store does not take the jobs of this one for its own', async (t) => {
    const [scene, other] = [new SlurmScene(t, here.cluster), new SlurmScene(t, here.cluster)];
    const drivers = [scene.start(), other.start()];
    await Promise.all([scene.begun('train-1'), other.begun('train-1')]);
    for (const driver of drivers) await driver.kill();
    other.cue('all');
    await other.start().succeeded();
    assert.deepEqual([scene.count('train-1'), other.count('train-1')], [1, 1]);
    await other.settled();
    scene.cue('all');
    await scene.start('attach').succeeded();
    await scene.settled();
  });

  test('runs the source that was hashed, also when it was edited while the job waited', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { slurm: { partition: 'high' } });
    await here.cluster.command('scontrol', 'update', 'PartitionName=high', 'State=DOWN');
    const driver = scene.start();
    await scene.saw('node-accepted', { fits: ({ address }) => address.startsWith('seeds') });
    const module = join(scene.project.folder, 'pipelines', 'parts', 'seeds.ts');
    writeFileSync(module, readFileSync(module, 'utf8').replace('i + 1', 'i + 101'));
    appendFileSync(join(scene.project.folder, 'pipelines', 'faults.ts'), '\nthrow new Error("half edited");\n');
    await here.cluster.command('scontrol', 'update', 'PartitionName=high', 'State=UP');
    scene.cue('all');
    await driver.succeeded();
    await scene.settled();
  });

  test('runs the script that was hashed, also when it was edited while the job waited', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: scripted, slurm: { partition: 'preempt' } });
    const script = join(scene.project.folder, 'say.sh');
    writeFileSync(script, 'echo "\\"as it was\\"" > "$1"\n');
    await here.cluster.command('scontrol', 'update', 'PartitionName=preempt', 'State=DOWN');
    const driver = scene.start();
    await scene.saw('node-accepted');
    writeFileSync(script, 'echo "\\"as it is now\\"" > "$1"\n');
    await here.cluster.command('scontrol', 'update', 'PartitionName=preempt', 'State=UP');
    await driver.succeeded();
    const end = scene.events().at(-1);
    assert.deepEqual(end?.type === 'run-finished' && end.results, { said: 'as it was' });
    const now = scene.start();
    await now.succeeded();
    assert.match(now.output, /say\.sh changed/);
    await scene.emptyQueue();
  });

  test('goes on at midnight', async (t) => {
    const clock = new Date(Date.now() + 20_000); // in twenty seconds it is midnight in this zone
    const eastOfUtc = 86_400 - (clock.getUTCHours() * 3600 + clock.getUTCMinutes() * 60 + clock.getUTCSeconds());
    const [hours, rest] = [Math.floor(eastOfUtc / 3600), eastOfUtc % 3600];
    const zone = `MID-${hours}:${Math.floor(rest / 60)}:${rest % 60}`;
    const scene = new SlurmScene(t, here.cluster, { env: { TZ: zone } });
    const driver = scene.start();
    await scene.begun('train-1');
    await delay(clock.getTime() + 1500 - Date.now()); // the clock is what is tested
    scene.cue('all');
    await driver.succeeded();
    assert.equal(scene.count('train-1'), 1);
    await scene.settled();
  });

  test('waits for an output that a shared file system shows late', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { slurm: { visibleWithinSeconds: 60 } });
    scene.late('score-1-1');
    scene.cue('train-1-1', 'whole-1-1', 'train-1-2', 'whole-1-2', 'score-1-1');
    const driver = scene.start();
    await scene.done('score-1-1');
    const written = (): string[] => readdirSync(join(scene.store, 'runs'), { recursive: true, encoding: 'utf8' });
    await eventually('its job has ended', () => written().some((name) => /score[^/]*\/exit\.json$/.test(name)));
    const asked = (): number => scene.flaky.calls('squeue').length;
    const before = asked();
    await eventually('the driver has asked for the queue three times more', () => asked() >= before + 3);
    assert.deepEqual(driver.code, undefined, 'it waits');
    scene.cue('all');
    scene.deliver('score-1-1');
    await driver.succeeded();
    assert.equal(scene.count('score'), 2);
    await scene.settled();
  });

  test('with --detach returns at once, and attach sees its end', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    await scene.start(...scene.runWords('--detach')).succeeded({ seconds: 10 });
    await scene.begun('train-1');
    scene.cue('all');
    await scene.start('attach').succeeded();
    await scene.settled();
  });

  test('can be driven by ticks alone', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const first = scene.start();
    await scene.begun('train-1');
    await first.kill();
    scene.cue('all');
    const tick = async (): Promise<boolean> => {
      const { code, stderr } = await scene.command('tick');
      assert.ok(code === 0 || code === 3, stderr);
      return scene.events().at(-1)?.type === 'run-finished';
    };
    await eventually('a tick ends the run', tick, { seconds: 60 });
    assert.equal(scene.count('train-1'), 1);
    await scene.settled();
  });

  test('the undisturbed run that all are compared with has something to compare', async () => {
    assert.ok(Object.keys((await undisturbed({})) as object).length >= 5);
  });
});
