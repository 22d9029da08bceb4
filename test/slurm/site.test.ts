import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

const games = { uid: 5, gid: 100 };
const mail = { uid: 8, gid: 100 };

describe('where the site is not as it should be', { skip: withoutSlurm, timeout: 240_000, concurrency: 4 }, () => {
  const here = useCluster({ nodes: 2 });

  test('a line of `setup` that fails is the failure of the site, with the line, and no program is started', async (t) => {
    for (const line of ['. /nonexistent/env.sh', 'no-such-command --quiet', 'exit 3', 'false']) {
      const scene = new SlurmScene(t, here.cluster, { slurm: { setup: ['export READY=1', line] } });
      scene.cue('all');
      const { code, stderr } = await scene.start().ended();
      assert.equal(code, 1, stderr);
      assert.match(stderr, /does not take it[^]*site file/, line);
      assert.ok(stderr.includes(line), stderr);
      assert.equal(scene.entries('begun').length, 0);
    }
  });

  test('a job that somebody holds is said to be held, in the run and by status', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { slurm: { extra: ['--hold'] } });
    const driver = scene.start();
    await eventually('it is said', () => /held in the queue[^]*scontrol release \d+/.test(driver.output), {
      seconds: 30,
      told: () => scene.report(),
    });
    const { stdout } = await scene.command('status');
    assert.match(stdout, /scontrol release/);
    scene.cue('all');
    let isOver = false;
    const release = eventually(
      'all are let go',
      async () => {
        for (const { id, reason } of await scene.queue())
          if (/JobHeld/.test(reason)) await here.cluster.command('scontrol', 'release', id);
        return isOver;
      },
      { seconds: 90 },
    );
    await driver.succeeded();
    isOver = true;
    await release;
    await scene.settled();
  });

  test('doctor says that a partition is down, what time jobs get that ask for none, and memory as tasks ask for it', async (t) => {
    await here.cluster.command(
      'scontrol',
      'update',
      'PartitionName=preempt',
      'State=DOWN',
      'DefaultTime=30',
      'MaxTime=120',
    );
    const scene = new SlurmScene(t, here.cluster, { slurm: { partition: 'preempt' } });
    const { stdout, stderr } = await scene.command('doctor', '--executor', 'slurm');
    assert.match(
      stdout + stderr,
      /partition preempt\s+the partition is not up, with 2 nodes, up to \d+ CPUs and 256 GB on one/,
    );
    assert.match(stdout + stderr, /jobs of up to 2 h 00 min, of 30 min 00 s where a task says no hours/);
  });

  test('a partition that is not for this user is refused with the words of Slurm', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { user: games, slurm: { partition: 'elsewhere' } });
    const plan = await scene.command('plan', ...scene.runWords().slice(1));
    assert.notEqual(plan.code, 0);
    assert.match(plan.stderr, /partition elsewhere: [^]*invalid partition/i);
  });

  test('two ticks at once are both content', async (t) => {
    const scene = new SlurmScene(t, here.cluster);
    const first = scene.start();
    await scene.begun('train-1');
    await first.kill();
    const both = await Promise.all([scene.command('tick'), scene.command('tick')]);
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
      both.map(({ stderr }) => stderr).join('\n---\n'),
    );
    scene.cue('all');
    await scene.start('attach').succeeded();
    assert.equal(scene.count('train-1'), 1);
    await scene.settled();
  });

  test('a store that its user may not write to is refused before a job is paid for', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { user: games });
    scene.cue('all');
    await scene.start().succeeded();
    rmSync(join(scene.store, 'runs'), { recursive: true });
    execFileSync('chmod', ['-R', 'g-w', join(scene.store, 'blobs'), join(scene.store, 'records.sqlite')]);
    const calls = scene.flaky.calls('sbatch').length;
    mkdirSync(join(scene.store, 'runs'), { mode: 0o2777 });
    writeFileSync(join(scene.stage, 'hog'), '1');
    const { code, stderr } = await scene.startUnder({ user: mail }, ...scene.runWords('--force', 'gather')).ended();
    assert.equal(code, 3, stderr);
    assert.match(stderr, /may not write to[^]*chmod -R g\+rwX/);
    assert.equal(scene.flaky.calls('sbatch').length, calls);
  });
});

describe('where the disk of the store is full', { skip: withoutSlurm, timeout: 120_000 }, () => {
  let disk = '';
  // Before the nodes are made, so that they see it too.
  before(() => {
    disk = mkdtempSync(join(tmpdir(), 'disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=755', 'tmpfs', disk]);
  });
  const here = useCluster({ nodes: 1 });
  after(() => {
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true });
  });

  test('that is said by its name, costs no job and no try, and is gone on from when there is room', async (t) => {
    const store = join(disk, 'store');
    const scene = new SlurmScene(t, here.cluster, { store });
    scene.gate('ingest');
    scene.cue('train-1-1', 'whole-1-1', 'score-1-1');
    const driver = scene.start();
    await scene.at('ingest'); // a score has ended, and its result is about to be kept
    const ballast = join(disk, 'ballast');
    execFileSync('/bin/sh', ['-c', 'head -c 20M /dev/zero > "$0" 2>/dev/null || :', ballast]);
    scene.open('ingest');
    const { code, stderr } = await driver.ended({ seconds: 60 });
    assert.equal(code, 3, stderr);
    assert.match(stderr, /No room/);
    assert.ok(stderr.includes(disk), stderr);
    assert.doesNotMatch(stderr, /^\s+at /m);
    rmSync(ballast);
    scene.cue('all');
    await scene.start('attach').succeeded();
    const failures = scene.events().filter(({ type }) => type === 'node-failed');
    assert.deepEqual(failures, []);
    assert.deepEqual(
      ['train-1', 'score'].map((name) => scene.count(name)),
      [1, 2],
    );
    await scene.settled();
  });
});
