import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { digestBytes } from '../../../cache/digest.ts';
import { claimJob, endFormerJob, formerJob, unclaimJob } from '../../../runner/job/fence.ts';
import { isRunning } from '../../support/is-running.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const fingerprint = digestBytes('a call');

/** A store with the claim of a job, and whose job it is. */
function scene(t: TestContext) {
  const root = tempFolder(t);
  const folder = join(root, 'runs', '0001', 'jobs', 'train.1');
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(root, 'locks'));
  const claimed = { root, fingerprint };
  claimJob(claimed, folder);
  const claimPath = join(root, 'locks', `${fingerprint.slice('sha256:'.length)}.job`);
  return {
    claimed,
    folder,
    claimPath,
    /** A program of the job, in a group of its own; it prints a line when it is up. */
    job: async (script: string, ...args: string[]): Promise<{ child: ChildProcess; line: string }> => {
      const env = { ...process.env, STET_JOB: folder };
      const child = spawn('sh', ['-c', script, ...args], { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env });
      t.after(() => child.kill('SIGKILL'));
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      return { child, line: String(line).trim() };
    },
    alter: (change: object) => {
      writeFileSync(
        claimPath,
        JSON.stringify({ ...(JSON.parse(readFileSync(claimPath, 'utf8')) as object), ...change }),
      );
    },
  };
}

test('a former job and what it started are gone when its end is asked for', async (t) => {
  const { claimed, claimPath, job } = scene(t);
  const { child, line } = await job('setsid sleep 600 & echo $!; wait');
  const former = formerJob(claimed);
  assert.ok(former?.is === 'here');
  assert.ok(former.names.some((name) => name.includes('sleep 600')));
  await endFormerJob(former);
  assert.deepEqual([child.pid ?? 0, Number(line)].filter(isRunning), []);
  assert.equal(formerJob(claimed), undefined);
  assert.equal(existsSync(claimPath), false);
});

test('children of a former job are found although their leader is gone', async (t) => {
  const { claimed, job } = scene(t);
  const { child, line } = await job('env -i sleep 600 >/dev/null & sleep 600 >/dev/null & echo $!');
  if (child.exitCode === null) await once(child, 'exit');
  const former = formerJob(claimed);
  assert.ok(former?.is === 'here');
  assert.equal(former.names.length, 2, former.names.join(', '));
  await endFormerJob(former);
  assert.equal(isRunning(Number(line)), false);
});

test('a former job is told to end, and has time to', async (t) => {
  const { claimed, folder, job } = scene(t);
  await job('trap "echo saved > $0/state; exit" TERM; echo up; while :; do sleep 0.05; done', folder);
  const former = formerJob(claimed);
  assert.ok(former?.is === 'here' && !former.isTold);
  await endFormerJob(former);
  assert.equal(readFileSync(join(folder, 'state'), 'utf8'), 'saved\n');
});

test('of a driver that is dead somebody else ends the jobs', async (t) => {
  const { claimed, alter, job } = scene(t);
  await job('echo up; exec sleep 600');
  alter({ pid: 999_999_999 });
  const former = formerJob(claimed);
  assert.ok(former?.is === 'here' && former.isTold);
});

test('of a job on another host, or in another container, nobody here can say that it is over', (t) => {
  for (const change of [{ host: 'another-host' }, { pidSpace: 'another' }]) {
    const { claimed, alter, claimPath } = scene(t);
    alter(change);
    assert.deepEqual(formerJob(claimed), { is: 'elsewhere' });
    assert.equal(existsSync(claimPath), true);
  }
});

test('before the machine started again there were other processes', (t) => {
  const { claimed, alter } = scene(t);
  alter({ bootId: 'before' });
  assert.equal(formerJob(claimed), undefined);
});

test('a claim that says no whole thing, or leads out of the store, is none', async (t) => {
  const { claimed, claimPath, alter, job } = scene(t);
  await job('echo up; exec sleep 600');
  alter({ job: '../../elsewhere' });
  assert.equal(formerJob(claimed), undefined);
  writeFileSync(claimPath, '{"host":');
  assert.equal(formerJob(claimed), undefined);
  unclaimJob(claimed);
  assert.equal(formerJob(claimed), undefined);
});

test('who looks for the processes of a job is none of them', async (t) => {
  const { claimed, folder } = scene(t);
  process.env.STET_JOB = folder;
  t.after(() => delete process.env.STET_JOB);
  assert.equal(formerJob(claimed), undefined);
});
