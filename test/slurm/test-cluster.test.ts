import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { eventually } from '../support/eventually.ts';
import { Lifeline } from '../support/lifeline.ts';

/** What the other tests of this folder rely on: that the cluster is real and that its faults are. */
describe('the test cluster', { skip: withoutSlurm, timeout: 90_000 }, () => {
  const here = useCluster({ nodes: 3 });

  const submit = async (script: string, ...options: string[]): Promise<string> =>
    (await here.cluster.command('sbatch', '--parsable', '-o', '/dev/null', ...options, '--wrap', script)).trim();
  const stateOf = async (id: string): Promise<string | undefined> =>
    (await here.cluster.known()).find((job) => job.id === id)?.state;
  const reaches = (id: string, state: string): Promise<unknown> =>
    here.cluster.until(`job ${id} is ${state}`, (jobs) => jobs.find((job) => job.id === id && job.state === state));

  test('a job runs on a node of its own, with the GPUs that it asked for', async (t) => {
    const out = join(tempFolder(t), 'out');
    await submit(`echo "$SLURMD_NODENAME $CUDA_VISIBLE_DEVICES" > ${out}`, '-w', 'n2', '--gpus=2', '--wait');
    assert.equal(readFileSync(out, 'utf8'), 'n2 0,1\n');
  });

  test('the job of a node that dies waits to be started again, under the same id', async () => {
    const id = await submit('sleep 100', '-w', 'n1', '--requeue');
    await reaches(id, 'RUNNING');
    await here.cluster.killNode('n1');
    await reaches(id, 'PENDING');
    await here.cluster.restartNode('n1');
    await here.cluster.hurry();
    await reaches(id, 'RUNNING');
    await here.cluster.command('scancel', id);
    await reaches(id, 'CANCELLED');
  });

  test('on a node that is cut off the first copy of a job writes on while a second runs', async (t) => {
    const folder = tempFolder(t);
    const lives = new Map(['n1', 'n2', 'n3'].map((name) => [name, new Lifeline(t, join(folder, `life-${name}`))]));
    const life = `exec 9>${folder}/life-$SLURMD_NODENAME`;
    const script = `${life}; while :; do date +%s%N > ${folder}/$SLURMD_NODENAME; sleep 0.1; done`;
    const id = await submit(script, '--requeue');
    const { node } = await here.cluster.until('it runs', (jobs) =>
      jobs.find((job) => job.id === id && job.state === 'RUNNING'),
    );
    const beat = (name: string): string => readFileSync(join(folder, name), 'utf8');
    await eventually('the first copy writes', () => existsSync(join(folder, node)));
    await here.cluster.freezeNode(node);
    await reaches(id, 'PENDING');
    await here.cluster.hurry();
    const second = await here.cluster.until('it runs again', (jobs) =>
      jobs.find((job) => job.id === id && job.state === 'RUNNING'),
    );
    assert.notEqual(second.node, node);
    const before = beat(node);
    await eventually('both copies write', () => existsSync(join(folder, second.node)) && beat(node) !== before);
    await here.cluster.thawNode(node);
    await eventually('the first copy is ended', () => lives.get(node)?.isHeld() === false);
    assert.equal(lives.get(second.node)?.isHeld(), true);
    await here.cluster.command('scancel', id);
    await reaches(id, 'CANCELLED');
  });

  test('a job runs on while the controller is down, and its end is told afterwards', async (t) => {
    const gate = join(tempFolder(t), 'gate');
    const id = await submit(`while [ ! -e ${gate} ]; do sleep 0.1; done; exit 3`);
    await reaches(id, 'RUNNING');
    await here.cluster.stopController();
    await assert.rejects(here.cluster.command('scontrol', 'ping'));
    writeFileSync(gate, '');
    await here.cluster.startController();
    await here.cluster.until(
      'it is known to have failed',
      (jobs) => jobs.find((job) => job.id === id && job.state === 'FAILED'),
      {
        seconds: 40,
      },
    );
  });

  test('a controller that crashes forgets the job of the last second and gives its id to another', async () => {
    await here.cluster.queue();
    const id = await submit('sleep 100', '--job-name=lost', '--hold');
    await here.cluster.crashController();
    await here.cluster.startController();
    assert.equal(await stateOf(id), undefined);
    assert.equal(await submit('true', '--job-name=another', '--hold'), id);
    await here.cluster.command('scancel', id);
  });

  test('nothing is left in the queue', async () => {
    await here.cluster.until('the queue is empty', (jobs) =>
      jobs.every(({ state }) => /CANCELLED|COMPLETED|FAILED/.test(state)) ? true : undefined,
    );
    assert.deepEqual(await here.cluster.queue(), []);
  });
});
