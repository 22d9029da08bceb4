import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { useCluster, withoutAccounting, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** Programs that wait for one cue, and a count of their starts. */
const many = {
  name: 'many',
  text: `
import { range } from 'stet/pipeline';
import { uncounted } from 'stet/task';
const step = task({
  name: 'step',
  inputs: { stage: uncounted(z.string()), n: z.int() },
  outputs: { value: z.int() },
  command: ({ stage, n }, out) => ['/bin/sh', '-c', 'echo "$2" >> "$1/steps"; while [ ! -e "$1/cues/all" ]; do sleep 0.1; done; echo "$2" > "$3"', 'sh', stage, String(n), out.value],
});
export default pipeline('many', { stage: z.string(), n: z.int() }, ({ stage, n }) => ({ values: range(n).map((i) => step({ stage, n: i }).value) }));
`,
};

function steps(scene: SlurmScene): string[] {
  const path = join(scene.stage, 'steps');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

function eachOnce(scene: SlurmScene, count: number): void {
  assert.deepEqual([steps(scene).length, new Set(steps(scene)).size], [count, count]);
}

function countOf(text: string, part: RegExp): number {
  return text.split('\n').filter((line) => part.test(line)).length;
}

describe('a fan-out of more than one user may have in the queue', { skip: withoutAccounting, timeout: 240_000 }, () => {
  const here = useCluster({
    nodes: 1,
    accounting: true,
    conf: ['AccountingStorageEnforce=associations,limits,qos'],
  });
  const allow = (most: number): Promise<string> =>
    here.cluster.command('sacctmgr', '-i', 'modify', 'user', 'root', 'set', `MaxSubmitJobs=${most}`);
  const options = { pipeline: many, account: 'test' };

  test('goes in parts, each once; what Slurm said is told once, and by status', async (t) => {
    await allow(5);
    const scene = new SlurmScene(t, here.cluster, { ...options, params: ['n=23'] });
    const driver = scene.start();
    await eventually('five have begun', () => steps(scene).length === 5, { told: () => scene.report(), seconds: 30 });
    const { stdout } = await scene.command('status');
    assert.match(stdout, /AssocMaxSubmitJobLimit/);
    scene.cue('all');
    await driver.succeeded({ seconds: 120 });
    assert.equal(countOf(driver.output, /AssocMaxSubmitJobLimit/), 1, driver.output);
    eachOnce(scene, 23);
    await scene.settled();
  });

  test('of whom none may is refused, and not kept waiting', async (t) => {
    await allow(0);
    const scene = new SlurmScene(t, here.cluster, { ...options, params: ['n=3'] });
    const { code, stderr } = await scene.start().ended({ seconds: 60 });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /does not take it[^]*AssocMaxSubmitJobLimit/);
    assert.deepEqual(steps(scene), []);
  });
});

describe('where there are no arrays, and the queue has room for few', { skip: withoutSlurm, timeout: 180_000 }, () => {
  const here = useCluster({ nodes: 1, minJobAge: 2, conf: ['MaxArraySize=0', 'MaxJobCount=6'] });

  test('a fan-out runs each of its nodes once', async (t) => {
    // Past the wrapper, which would keep what `sbatch` says until it has tried for two minutes.
    const env = { PATH: process.env.PATH ?? '' };
    const scene = new SlurmScene(t, here.cluster, { pipeline: many, params: ['n=9'], env });
    scene.cue('all');
    const driver = scene.start();
    await driver.succeeded({ seconds: 120 });
    assert.match(driver.output, /does not take[^]*temporarily unable/);
    eachOnce(scene, 9);
    await scene.settled();
  });
});
