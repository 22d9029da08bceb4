import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { claimFolder, endFormerJob } from '../../../runner/job/fence.ts';
import { isRunning } from '../../support/is-running.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('a former job and what it started are gone when its end is asked for', async (t) => {
  const folder = tempFolder(t);
  const job = spawn('sh', ['-c', 'sleep 600 & echo $!; wait'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(job.stdout, 'data')) as [Buffer];
  claimFolder(folder, job.pid ?? 0);
  await endFormerJob(folder);
  assert.deepEqual([job.pid ?? 0, Number(String(line))].filter(isRunning), []);
  assert.equal(existsSync(join(folder, 'owner.json')), false);
});

test('a job on another host is not looked for among the processes of this one', (t) => {
  const folder = tempFolder(t);
  const stranger = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  t.after(() => stranger.kill('SIGKILL'));
  claimFolder(folder, stranger.pid ?? 0, 'another-host');
  return endFormerJob(folder).then(() => assert.equal(isRunning(stranger.pid ?? 0), true));
});

test('children of a former job are ended although their leader is gone', async (t) => {
  const folder = tempFolder(t);
  const job = spawn('sh', ['-c', 'sleep 600 & echo $!'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  claimFolder(folder, job.pid ?? 0);
  const [line] = (await once(job.stdout, 'data')) as [Buffer];
  await once(job, 'exit');
  await endFormerJob(folder);
  assert.equal(isRunning(Number(String(line))), false);
});

test('a job that has ended and was not waited for does not hold the next one up', { timeout: 10_000 }, async (t) => {
  const folder = tempFolder(t);
  // The leader of the second group ends at once, and its parent never waits for it.
  const parent = spawn('setsid', ['sh', '-c', 'setsid sh -c "exit 0" & echo $!; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  claimFolder(folder, Number(String(line)));
  await endFormerJob(folder);
  assert.equal(existsSync(join(folder, 'owner.json')), false);
});

test('a folder of which nothing is known is free', async (t) => {
  const folder = tempFolder(t);
  await endFormerJob(folder);
  writeFileSync(join(folder, 'owner.json'), '{"host":');
  await endFormerJob(folder);
  claimFolder(folder, process.pid);
  assert.match(readFileSync(join(folder, 'owner.json'), 'utf8'), new RegExp(`"group":${process.pid}\\b`));
});

test('a process that took over the id of a former job is left alone', async (t) => {
  const folder = tempFolder(t);
  const other = spawn('sleep', ['600'], { detached: true });
  t.after(() => other.kill('SIGKILL'));
  claimFolder(folder, other.pid ?? 0);
  const { hostname } = await import('node:os');
  writeFileSync(join(folder, 'owner.json'), JSON.stringify({ host: hostname(), group: other.pid, start: 'another' }));
  await endFormerJob(folder);
  assert.equal(isRunning(other.pid ?? 0), true);
});
