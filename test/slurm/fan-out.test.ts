import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** Many small programs and one that needs them all; those that the stage names under `fail` fail once. */
const wide = {
  name: 'wide',
  text: `
import { range } from 'stet/pipeline';
import { uncounted } from 'stet/task';
const step = task({
  name: 'step',
  inputs: { stage: uncounted(z.string()), n: z.int() },
  outputs: { value: z.int() },
  command: ({ stage, n }, out) => ['/bin/sh', '-c', 'echo "$2" >> "$1/steps"; ! rm "$1/fail/$2" 2>/dev/null || exit 1; echo $(($2 * 2)) > "$3"', 'sh', stage, String(n), out.value],
});
const total = task({
  name: 'total',
  inputs: { values: z.array(z.int()) },
  outputs: { total: z.int() },
  command: ({ values }, out) => ['/bin/sh', '-c', 'out=$1 sum=0; shift; for n in "$@"; do sum=$((sum + n)); done; echo "$sum" > "$out"', 'sh', out.total, ...values.map(String)],
});
export default pipeline('wide', { stage: z.string(), n: z.int() }, ({ stage, n }) => {
  const values = range(n).map((i) => step({ stage, n: i }, { retries: 1 }).value);
  return { values, total: total({ values }).total };
});
`,
};

describe('a fan-out', { skip: withoutSlurm, timeout: 400_000 }, () => {
  const here = useCluster({ nodes: 2, cpusPerNode: 8, conf: ['MaxArraySize=101'] });

  test('of 2,000 elements becomes arrays within MaxArraySize; an element that fails is tried again alone', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: wide, params: ['n=2000'] });
    for (const n of [0, 100, 1999]) writeFileSync(join(scene.stage, 'fail', String(n)), '');
    const startedAt = Date.now();
    await scene.start().succeeded({ seconds: 300 });
    const minutes = (Date.now() - startedAt) / 60_000;
    const steps = readFileSync(join(scene.stage, 'steps'), 'utf8').trim().split('\n');
    assert.equal(steps.length, 2003);
    assert.equal(new Set(steps).size, 2000);
    const submissions = scene.flaky.calls('sbatch');
    assert.ok(submissions.length <= 40, `${submissions.length} calls of sbatch`);
    const queries = scene.flaky.calls('squeue').length + scene.flaky.calls('scontrol').length;
    assert.ok(
      queries / minutes <= 125,
      `${queries} queries in ${minutes.toFixed(1)} minutes, polled every half second`,
    );
    await scene.settled();
  });

  test('keeps no more in the queue than the site allows', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: wide, params: ['n=60'], slurm: { maxQueued: 10 } });
    const ended = scene
      .start()
      .succeeded({ seconds: 200 })
      .then(() => true);
    let most = 0;
    while (!(await Promise.race([ended, scene.queue().then(() => false)]))) {
      most = Math.max(most, (await scene.queue()).length);
    }
    // Jobs that have told their end may still be looked after by Slurm.
    assert.ok(most > 0 && most <= 13, `${most} in the queue`);
    await scene.settled();
  });

  test('of small nodes is packed into few jobs where the site says so', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: wide, params: ['n=60'], slurm: { packed: 20 } });
    writeFileSync(join(scene.stage, 'fail', '7'), '');
    await scene.start().succeeded({ seconds: 200 });
    const jobs = (await here.cluster.known()).filter(({ account }) => account === scene.account);
    assert.ok(jobs.length <= 8, `${jobs.length} jobs`);
    assert.equal(readFileSync(join(scene.stage, 'steps'), 'utf8').trim().split('\n').length, 61);
    await scene.settled();
  });
});
