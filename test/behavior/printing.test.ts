import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { CliProject } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';

const main = join(packageRoot(), 'dist', 'runner', 'cli', 'main.js');

const chain = `
const first = task({ name: 'first', inputs: { n: z.int() }, outputs: { n: z.int() }, command: ({ n }, out) => ['sh', '-c', 'echo "$1" > "$0"', out.n, String(n)] });
const gather = task({ name: 'gather', inputs: { all: z.array(z.int()) }, outputs: { n: z.int() }, command: ({ all }, out) => ['sh', '-c', 'echo "$1" > "$0"', out.n, String(all.length)] });
export default pipeline('chain', { width: z.int().default(3) }, ({ width }) => ({ n: gather({ all: Array.from({ length: width }, (_, n) => first({ n }).n) }).n }));
`;

/** The log of the first run says that it succeeded. */
function hasSucceeded(project: CliProject): boolean {
  const log = join(project.folder, '.stet', 'runs', '0001', 'events.jsonl');
  return existsSync(log) && readFileSync(log, 'utf8').includes('"status":"succeeded"');
}

for (const json of [[], ['--json']])
  test(`a run whose output has no room goes on to its end and says so by its exit code ${json.join('')}`, {
    skip: !existsSync('/dev/full') && 'there is no /dev/full',
  }, async (t) => {
    for (const streams of [
      ['full', 'pipe'],
      ['pipe', 'full'],
      ['full', 'full'],
    ] as const) {
      const project = new CliProject(t);
      project.pipeline('chain', chain);
      const full = openSync('/dev/full', 'w');
      const stdio = streams.map((kind) => (kind === 'full' ? full : 'pipe'));
      const child = spawn(process.execPath, [main, 'run', 'chain', ...json], {
        cwd: project.folder,
        stdio: ['ignore', ...stdio],
      });
      closeSync(full);
      let said = '';
      child.stdout?.resume();
      child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const code = await new Promise((resolve) => child.on('close', resolve));
      assert.ok(hasSucceeded(project), streams.join(' '));
      if (streams[0] === 'full') assert.equal(code, 3, said);
      if (streams[0] === 'full' && streams[1] === 'pipe')
        assert.match(said, /Nothing more is printed, because standard output fails: .*ENOSPC.*All else goes on/);
      assert.doesNotMatch(said, /mistake in the framework|\n\s+at /);
    }
  });

test('a command that says one thing says by its exit code that nobody could read it', {
  skip: !existsSync('/dev/full') && 'there is no /dev/full',
}, async (t) => {
  const project = new CliProject(t);
  project.pipeline('chain', chain);
  assert.equal((await project.run(['run', 'chain'])).code, 0);
  for (const args of [
    ['runs'],
    ['plan', 'chain'],
    ['show', 'chain'],
    ['status', '--json'],
    ['run', 'chain'],
    ['--version'],
  ]) {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [main, ...args], { cwd: project.folder, stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, 3, `${args.join(' ')}: ${said}`);
    assert.match(said, /standard output fails: .*ENOSPC/, args.join(' '));
  }
});

test('a run whose reader stands still or has gone goes on to its end', async (t) => {
  for (const how of ['still', 'gone']) {
    const project = new CliProject(t);
    project.pipeline('chain', chain);
    // A pipe holds 64 KiB: a command of its own fills it before.
    const child = spawn(process.execPath, [main, 'run', 'chain', 'width=150', '--json', '--jobs', '8'], {
      cwd: project.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (how === 'gone') for (const stream of [child.stdout, child.stderr]) stream.destroy();
    const ended = new Promise((resolve) => child.on('close', resolve));
    await eventually('the run is over though nobody reads', () => hasSucceeded(project), { seconds: 60 });
    if (how === 'still') {
      let told = '';
      child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
      child.stderr.resume();
      assert.equal(await ended, 0);
      assert.ok(told.length > 70_000, String(told.length));
      assert.match(told, /"type":"run-finished".*\n$/);
    } else await ended;
  }
});
