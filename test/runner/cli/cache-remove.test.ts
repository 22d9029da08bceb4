import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../../support/cli.ts';
import { eventually } from '../../support/eventually.ts';

/** Two makers of 20 kB and a sum of both; the second maker waits for a file when it is told to. */
const makers = `
const sh = (script: string, ...words: string[]) => ['sh', '-euc', script, 'sh', ...words];
const make = task({
  name: 'make', inputs: { n: z.int(), wait: z.string() }, outputs: { files: folder },
  command: ({ n, wait }, out) => sh('until [ -z "$3" ] || [ -e "$3" ]; do sleep 0.05; done; mkdir "$1"; head -c 20000 /dev/zero | tr "\\\\0" "$2" >"$1/a"', out.files, String(n), wait),
});
const weigh = task({
  name: 'weigh', inputs: { files: z.array(folder) }, outputs: { bytes: z.int() },
  command: ({ files }, out) => sh('o=$1; shift; for f; do cat "$f/a"; done | wc -c >"$o"', out.bytes, ...files.map(({ path }) => path)),
});
export default pipeline('makers', { n: z.int().default(1), wait: z.string().default('') }, ({ n, wait }) => {
  const files = [make({ n: 0, wait: '' }).files, make({ n, wait }).files];
  return { bytes: weigh({ files }).bytes };
});
`;

test('a task that is removed frees what its results alone held, and runs again when it is needed', async (t) => {
  const project = new CliProject(t);
  project.pipeline('makers', makers);
  await project.run(['run', 'makers']);
  const dry = await project.run(['cache', 'remove', 'make', '--dry-run']);
  assert.match(
    dry.stdout,
    /^Would delete 2 results: 40 kB\.\nWhat needs them makes them again; that took .+\nWithout --dry-run/,
  );
  assert.match((await project.run(['run', 'makers'])).stdout, /nothing to do/);

  assert.match((await project.run(['cache', 'remove', 'make'])).stdout, /^Deleted 2 results: 40 kB\./);
  assert.equal((await project.run(['cache', 'verify'])).code, 0);
  assert.match((await project.run(['run', 'makers'])).stdout, /2 ran, 1 cached/);
});

test('a run that is removed leaves what other runs use', async (t) => {
  const project = new CliProject(t);
  project.pipeline('makers', makers);
  await project.run(['run', 'makers']);
  await project.run(['run', 'makers', 'n=2']);
  const { stdout } = await project.run(['cache', 'remove', '1']);
  assert.match(stdout, /^Deleted 2 results and 1 run: 2\d kB\.[^]*\n1 result that other runs use stays\./);
  assert.equal(existsSync(join(project.folder, '.stet/runs/0001')), false);
  assert.match((await project.run(['run', 'makers', 'n=2'])).stdout, /nothing to do/);
  assert.match((await project.run(['run', 'makers'])).stdout, /2 ran, 1 cached/);
});

test('what a live run uses is not removed, by whatever name', async (t) => {
  const project = new CliProject(t);
  project.pipeline('makers', makers);
  const go = join(project.folder, 'go');
  const child = project.start(['run', 'makers', `wait=${go}`]);
  t.after(() => child.kill('SIGKILL'));
  const log = join(project.folder, '.stet/runs/0001/events.jsonl');
  await eventually(
    'the first maker is done',
    () => existsSync(log) && readFileSync(log, 'utf8').includes('node-finished'),
  );
  for (const name of ['1', 'make', 'makers']) {
    const { code, stderr } = await project.run(['cache', 'remove', name]);
    assert.notEqual(code, 0);
    assert.match(stderr, /Run 0001 is live and uses it[^]*pipeline cancel 0001/, name);
  }
  writeFileSync(go, '');
  await new Promise((resolve) => child.on('close', resolve));
  assert.match((await project.run(['run', 'makers', `wait=${go}`])).stdout, /nothing to do/);
});

test('a name that nothing has is answered with the nearest that there is', async (t) => {
  const project = new CliProject(t);
  project.pipeline('makers', makers);
  await project.run(['run', 'makers']);
  assert.match((await project.run(['cache', 'remove', 'mkae'])).stderr, /did you mean "make"\?/);
  assert.match((await project.run(['cache', 'remove', '7'])).stderr, /There is no run "7"/);
});

test('cache stat says which task and which run hold how much', async (t) => {
  const project = new CliProject(t);
  project.pipeline('makers', makers);
  await project.run(['run', 'makers']);
  await project.run(['run', 'makers', 'n=2']);
  const { stdout } = await project.run(['cache', 'stat']);
  assert.match(stdout, /records by task\n +make +3 +60 kB\n +weigh +2 +0 B\n/);
  assert.match(stdout, /records by run\n +0001 +3 +40 kB\n +0002 +2 +20 kB\n/);
});
