import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addThenDouble, CliProject } from '../../support/cli.ts';

const files = `
const write = task({ name: 'write', version: '1', inputs: { count: z.int() }, outputs: { items: stream(folder), page: htmlPage },
  run: async ({ count }, out) => {
    const { mkdirSync, renameSync } = await import('node:fs');
    mkdirSync(out.items);
    const items = [];
    for (let i = 1; i <= count; i += 1) {
      mkdirSync(out.items + '/.tmp');
      writeFileSync(out.items + '/.tmp/n.txt', String(i));
      renameSync(out.items + '/.tmp', out.items + '/' + i);
      items.push(out.items + '/' + i);
    }
    writeFileSync(out.page, '<!doctype html><title>page</title><section id="this-run" hidden><!--stet:this-run--></section>');
    return { items, page: out.page };
  } });
export default pipeline('files', { count: z.int().default(2) }, ({ count }) => { const { items, page } = write({ count }); return { items, page }; });
`;

test('a new pipeline runs at once, and is not overwritten', async (t) => {
  const project = new CliProject(t);
  assert.equal((await project.run(['new', 'first-try'])).code, 0);
  const run = await project.run(['run', 'first-try', '--profile', 'quick']);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /2 ran/);
  const again = await project.run(['new', 'first-try']);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /there already/);
});

test('list and show say what there is and what it takes', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  assert.match((await project.run(['list'])).stdout, /^sums +pipelines\/sums\.ts$/m);
  const { stdout } = await project.run(['show', 'sums', '--profile', 'big']);
  assert.match(stdout, /Adds and doubles\./);
  assert.match(stdout, /a +int +1000 +the first number/);
  assert.match(stdout, /Results\n {2}sum, twice/);
});

test('why tells the difference to the last result in words', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  await project.run(['run', 'sums']);
  assert.equal((await project.run(['why', 'sums', 'add', 'b=3'])).stdout, 'add will run: input b 2 -> 3\n');
  assert.equal((await project.run(['why', 'sums', 'add'])).stdout, 'add will not run: its result is known\n');
});

test('diff pairs the nodes of sweeps by what they are, not by where they stand', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'swept',
    `
const train = task({ name: 'train', version: '1', inputs: { seed: z.int() }, outputs: { n: z.int() }, run: async ({ seed }) => ({ n: seed }) });
const rollout = task({ name: 'rollout', version: '1', inputs: { n: z.int() }, outputs: { m: z.int() }, run: async ({ n }) => ({ m: n }) });
export default pipeline('swept', { seed: z.int() }, ({ seed }) => rollout({ n: train({ seed }).n }).m);
`,
  );
  for (const seeds of ['0,1,2', '2,0,1', '5,2,1']) await project.run(['run', 'swept', `seed=${seeds}`]);
  assert.match((await project.run(['diff', '1', '2'])).stdout, /nodes\n {2}6 with the same recipe: no difference/);
  const { stdout } = await project.run(['diff', '2', '3']);
  assert.match(stdout, /input seed 0 -> 5[^]*input n 0 -> 5[^]*4 with the same recipe/);
  assert.doesNotMatch(stdout, /only in run/);
});

test('logs shows any attempt of a node, or all of them', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'twice',
    `
const shaky = task({ name: 'shaky', inputs: {}, outputs: { n: z.int() }, command: (_, out) => ['sh', '-c', 'if test -e "$1"; then echo second; echo 1 > "$0"; else touch "$1"; echo first; exit 1; fi', out.n, '${project.folder}/mark'] });
export default pipeline('twice', {}, () => shaky({}, { retries: 1 }).n);
`,
  );
  assert.equal((await project.run(['run', 'twice'])).code, 0);
  const logs = async (...more: string[]): Promise<string> => (await project.run(['logs', 'shaky', ...more])).stdout;
  assert.equal(await logs(), 'second\n');
  assert.equal(await logs('--attempt', '1'), 'first\n');
  assert.equal(await logs('--attempt', 'all'), '--- attempt 1 ---\nfirst\n--- attempt 2 ---\nsecond\n');
  const none = await project.run(['logs', 'shaky', '--attempt', '3']);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /no attempt 3[^]*1, 2, all/);
});

test('diff tells parameters, recipes and whether outputs are equal', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  await project.run(['run', 'sums', 'a=1', 'b=2']);
  await project.run(['run', 'sums', 'a=2', 'b=1']);
  const { stdout } = await project.run(['diff', '1', '2']);
  assert.match(stdout, /parameters\n {2}a 1 -> 2\n {2}b 2 -> 1\n/);
  assert.match(stdout, /add: \w+ -> \w+\n {4}input a 1 -> 2\n {4}input b 2 -> 1\n {4}the outputs are equal/);
  assert.match(stdout, /1 with the same recipe/);
});

test('get writes independent files, a folder per stream item, and refuses to overwrite', async (t) => {
  const project = new CliProject(t);
  project.pipeline('files', files);
  const run = await project.run(['run', 'files']);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.equal((await project.run(['get', 'files', 'items', '--to', 'out/items'])).code, 0);
  const path = join(project.folder, 'out/items/2/n.txt');
  assert.equal(readFileSync(path, 'utf8'), '2');
  assert.equal(statSync(path).nlink, 1);
  writeFileSync(path, 'changed');

  const refused = await project.run(['get', 'files', 'items', '--to', 'out/items']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--force/);
  assert.equal((await project.run(['get', 'files', 'items', '--to', 'out/items', '--force'])).code, 0);
  assert.equal(readFileSync(path, 'utf8'), '2');

  const wrong = await project.run(['get', 'files', 'itmes', '--to', 'x']);
  assert.match(wrong.stderr, /did you mean "items"\?[^]*items, page/);
  assert.equal((await project.run(['cache', 'verify'])).code, 0);
});

test('a page is filled with the run that made it, at the end of the run and by get', async (t) => {
  const project = new CliProject(t);
  project.pipeline('files', files);
  const { stdout } = await project.run(['run', 'files']);
  assert.match(stdout, /page to look at: \.stet\/runs\/0001\/page\.html/);
  const kept = readFileSync(join(project.folder, '.stet/runs/0001/page.html'), 'utf8');
  assert.match(kept, /<section id="this-run">[^]*<svg[^]*<td>write<\/td><td>done<\/td>/);
  await project.run(['get', 'files', 'page', '--to', 'page.html']);
  assert.match(readFileSync(join(project.folder, 'page.html'), 'utf8'), /<section id="this-run">[^]*<svg/);
});

test('cache stat counts, verify finds damage, and collect --dry-run deletes nothing', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  await project.run(['run', 'sums']);
  assert.match((await project.run(['cache', 'stat'])).stdout, /records +2 in/);
  assert.equal((await project.run(['cache', 'verify'])).code, 0);
  const dry = await project.run(['cache', 'collect', '--dry-run', '--older-than', '0']);
  assert.match(dry.stdout, /^Would delete/);
  assert.match((await project.run(['run', 'sums'])).stdout, /nothing to do/);
});

test('--until stops at a node, --force runs one again', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  assert.match((await project.run(['run', 'sums', '--until', 'add'])).stdout, /succeeded .*: 1 ran, 0 cached/);
  assert.match((await project.run(['run', 'sums', '--force', 'add'])).stdout, /add: it was asked for with --force/);
});

test('doctor tells what is here', async (t) => {
  const project = new CliProject(t);
  const { code, stdout } = await project.run(['doctor']);
  assert.equal(code, 0, stdout);
  for (const what of ['node', 'cores', 'memory', 'disk', 'writable', 'files', 'records', 'python3', 'sbatch']) {
    assert.match(stdout, new RegExp(`^(ok|absent|missing) +${what} `, 'm'));
  }
});

test('NO_COLOR and pipes get plain text, FORCE_COLOR gets colour', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  const escape = /\x1b\[/; // oxlint-disable-line no-control-regex
  assert.doesNotMatch((await project.run(['plan', 'sums'])).stdout, escape);
  assert.match((await project.run(['plan', 'sums'], { FORCE_COLOR: '1' })).stdout, escape);
  assert.doesNotMatch((await project.run(['plan', 'sums'], { FORCE_COLOR: '1', NO_COLOR: '1' })).stdout, escape);
  assert.doesNotMatch((await project.run(['plan', 'sums', '--no-color'], { FORCE_COLOR: '1' })).stdout, escape);
});

test('--store keeps results elsewhere', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  await project.run(['--store', 'elsewhere', 'run', 'sums']);
  assert.ok(existsSync(join(project.folder, 'elsewhere/runs/0001')));
  assert.ok(!existsSync(join(project.folder, '.stet/runs')));
});

test('a mistake of the framework says that it is one', async () => {
  const { problemLines } = await import('../../../runner/cli/common/print-problem.ts');
  const lines = problemLines(new TypeError('x is undefined'), { verbose: false, color: false });
  assert.match(lines.join('\n'), /mistake in the framework[^]*report it/);
  const verbose = problemLines(new TypeError('x is undefined', { cause: new Error('deep') }), {
    verbose: true,
    color: false,
  });
  assert.match(verbose.join('\n'), /at .*commands\.test[^]*caused by Error: deep/);
});
