import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { acquireLock, isLocked } from '../../cache/lock.ts';
import { errorCode, fileProblem, orFullDisk } from '../../cache/file-problem.ts';
import { Problem } from '../../cache/problem.ts';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { CliProject } from '../support/cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

const takesAway = `
const first = task({ name: 'first', inputs: { script: z.string() }, outputs: { n: z.int() },
  command: ({ script }, out) => ['sh', '-c', 'cd "$STET_JOB/../../../.."; ' + script + '; mkdir -p "$(dirname "$0")"; echo 1 > "$0"', out.n] });
const after = task({ name: 'after', inputs: { n: z.int() }, outputs: { n: z.int() }, command: ({ n }, out) => ['sh', '-c', 'echo "$1" > "$0"', out.n, String(n)] });
export default pipeline('away', { script: z.string() }, ({ script }) => ({ n: after({ n: first({ script }).n }).n }));
`;

test('claims and locks that a cleaner removes fail no run', async (t) => {
  for (const script of ['rm -rf locks', 'rm -rf locks/claims', 'rm -f locks/claims/*', 'find locks -type f -delete']) {
    const project = new CliProject(t);
    project.pipeline('away', takesAway);
    const { code, stdout, stderr } = await project.run(['run', 'away', `script='${script}'`]);
    assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
    assert.match(stdout, /2 ran/);
  }
});

test('a claim that was removed comes back as the one that keeps the held locks alive', (t) => {
  const folder = tempFolder(t);
  const held = acquireLock(folder, 'one', { owner: 'me' });
  rmSync(join(folder, 'claims'), { recursive: true });
  const next = acquireLock(folder, 'two', { owner: 'me' });
  assert.ok(held?.isHeld() && next?.isHeld());
  assert.equal(readdirSync(join(folder, 'claims')).length, 1);
  assert.ok(isLocked(folder, 'one') && isLocked(folder, 'two'));
  assert.equal(acquireLock(folder, 'two', { owner: 'other' }), undefined);
  held?.release();
  next?.release();
});

test('a store that is removed under a run is named, also when a job has made its folder again', async (t) => {
  for (const again of ['', '; mkdir -p "$STET_JOB"']) {
    const project = new CliProject(t);
    project.pipeline('away', takesAway);
    const { code, stdout, stderr } = await project.run(['run', 'away', `script='rm -rf "$PWD"${again}'`]);
    assert.equal(code, 3, stdout + stderr);
    assert.match(stderr, /The store \S+ was removed while a run worked in it/);
  }
});

test('too few files are told as that', async (t) => {
  const project = new CliProject(t);
  project.pipeline('away', takesAway);
  const main = join(packageRoot(), 'dist', 'runner', 'cli', 'main.js');
  const child = spawn(
    'sh',
    ['-c', 'ulimit -n 40; exec "$@"', 'sh', process.execPath, main, 'run', 'away', 'script=true'],
    {
      cwd: project.folder,
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 3, said);
  assert.match(said, /More files are open than the system allows/);
  assert.match(said, /ulimit -n/);
  const full = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  for (const known of [orFullDisk(full), fileProblem(full, '/store')]) {
    assert.ok(Problem.is(known));
    assert.equal(errorCode(known), 'too-many-files');
  }
});
