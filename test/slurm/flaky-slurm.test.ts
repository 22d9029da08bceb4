import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { FlakySlurm, type SlurmCommand } from '../support/flaky-slurm.ts';
import { useCluster, withoutSlurm } from '../support/slurm.ts';

const execute = promisify(execFile);

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** That the wrappers around Slurm's programs do to an answer what they were told, and nothing else. */
describe('the wrappers around Slurm', { skip: withoutSlurm, timeout: 60_000 }, () => {
  const here = useCluster({ nodes: 1 });

  const call = (flaky: FlakySlurm, command: SlurmCommand, ...args: string[]): Promise<Answer> => {
    const env = { ...process.env, ...here.cluster.env, ...flaky.env };
    return execute(command, args, { env }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: unknown) => error as Answer,
    );
  };
  const submit = (flaky: FlakySlurm, name: string): Promise<Answer> =>
    call(flaky, 'sbatch', '--parsable', '-o', '/dev/null', '-H', '-J', name, '--wrap', 'true');
  const queued = (flaky: FlakySlurm, name: string): Promise<Answer> =>
    call(flaky, 'squeue', '-h', '-n', name, '-o', '%j');

  test('without orders they answer as Slurm does, and keep count', async (t) => {
    const flaky = new FlakySlurm(t);
    assert.match((await submit(flaky, 'plain')).stdout, /^\d+\n$/);
    assert.deepEqual(await queued(flaky, 'plain'), { code: 0, stdout: 'plain\n', stderr: '' });
    const refused = await call(flaky, 'sbatch', '-p', 'nowhere', '--wrap', 'true');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /invalid partition/);
    assert.equal((await call(flaky, 'sbatch', '--parsable', '-H', '--comment=two\nlines', '--wrap', 'true')).code, 0);
    assert.deepEqual(
      flaky.calls().map(({ command }) => command),
      ['sbatch', 'squeue', 'sbatch', 'sbatch'],
    );
  });

  test('an answer can be lost although the job was taken', async (t) => {
    const flaky = new FlakySlurm(t);
    flaky.next('sbatch', 'lose');
    const lost = await submit(flaky, 'lost');
    assert.deepEqual([lost.code, lost.stdout], [1, '']);
    assert.match(lost.stderr, /Socket timed out/);
    assert.equal((await queued(flaky, 'lost')).stdout, 'lost\n');
  });

  test('a call can be refused, a number of times', async (t) => {
    const flaky = new FlakySlurm(t);
    flaky.next('sbatch', 'refuse', 2);
    assert.deepEqual([(await submit(flaky, 'third')).code, (await submit(flaky, 'third')).code], [1, 1]);
    assert.equal((await queued(flaky, 'third')).stdout, '');
    assert.equal((await submit(flaky, 'third')).code, 0);
    assert.ok(flaky.isSpent('sbatch'));
  });

  test('answers can be empty, cut short or those of a while ago, until it heals', async (t) => {
    const flaky = new FlakySlurm(t);
    await submit(flaky, 'a-long-name');
    const good = await queued(flaky, 'a-long-name');
    await call(flaky, 'scancel', '-n', 'a-long-name');
    flaky.always('squeue', 'stale');
    assert.deepEqual(await queued(flaky, 'a-long-name'), good);
    flaky.heal('squeue');
    assert.equal((await queued(flaky, 'a-long-name')).stdout, '');
    await submit(flaky, 'another');
    flaky.always('squeue', 'empty');
    assert.deepEqual(await queued(flaky, 'another'), { code: 0, stdout: '', stderr: '' });
    flaky.always('squeue', 'garble');
    assert.equal((await queued(flaky, 'another')).stdout, 'another');
  });

  test('a call is held before or after it is carried out', async (t) => {
    const flaky = new FlakySlurm(t);
    flaky.next('sbatch', 'hold');
    const before = submit(flaky, 'before');
    await flaky.held('sbatch');
    assert.equal((await queued(flaky, 'before')).stdout, '');
    flaky.release('sbatch');
    assert.equal((await before).code, 0);
    flaky.next('sbatch', 'hold-answer');
    const behind = submit(flaky, 'behind');
    await flaky.held('sbatch');
    assert.equal((await queued(flaky, 'behind')).stdout, 'behind\n');
    flaky.release('sbatch');
    assert.equal((await behind).code, 0);
  });
});
