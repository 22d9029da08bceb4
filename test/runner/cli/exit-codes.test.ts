import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addThenDouble, CliProject } from '../../support/cli.ts';

test('a run that succeeds ends with 0, and the second one starts nothing', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  const first = await project.run(['run', 'sums']);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /succeeded .*: 2 ran, 0 cached/);
  const second = await project.run(['run', 'sums']);
  assert.equal(second.code, 0);
  assert.match(second.stdout, /nothing to do: all 2 nodes are known/);
});

test('a node that fails ends the run with 1, with its message, its log and what to do', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'breaks',
    `const fall = task({ name: 'fall', version: '1', inputs: {}, outputs: { n: z.int() }, run: async () => { console.log('about to fall'); throw new Error('it fell'); } });
     const after = task({ name: 'after', version: '1', inputs: { n: z.int() }, outputs: { n: z.int() }, run: async ({ n }) => ({ n }) });
     export default pipeline('breaks', {}, () => ({ n: after({ n: fall({}).n }).n }));`,
  );
  const { code, stdout } = await project.run(['run', 'breaks']);
  assert.equal(code, 1);
  assert.match(stdout, /✗ fall failed after .* s\n {2}what {3}.*it fell/);
  assert.match(stdout, /where {2}\.stet\/runs\/0001\/\S+log\.txt/);
  assert.match(stdout, /log {4}about to fall/);
  assert.match(stdout, /1 failed, 1 skipped/);
  assert.match(stdout, /The same command again runs only what is missing/);
  const logs = await project.run(['logs', 'fall']);
  assert.match(logs.stdout, /about to fall/);
});

for (const [what, args, pattern] of [
  ['an unknown command', ['rnu'], /Unknown command "rnu".\n {2}try: Did you mean run\?/],
  ['an unknown option', ['run', 'sums', '--jbos', '2'], /Unknown option "--jbos".\n {2}try: Did you mean --jobs\?/],
  ['a missing argument', ['why', 'sums'], /Missing required argument "node"/],
  ['a number that is none', ['run', 'sums', '--jobs', 'two'], /--jobs.*whole number/],
  ['an unknown pipeline', ['run', 'smus'], /no pipeline "smus"; did you mean "sums"\?/],
  ['an unknown parameter', ['plan', 'sums', 'aa=1', 'b=x'], /aa: no such parameter; did you mean "a"\?/],
  ['an unknown profile', ['show', 'sums', '--profile', 'bgi'], /no profile "bgi"; did you mean "big"\?/],
  ['an unknown node', ['why', 'sums', 'duoble'], /no node "duoble"[^]*double/],
  ['an unknown node to stop at', ['run', 'sums', '--until', 'duoble'], /no node "duoble"[^]*double/],
  ['an unknown format', ['graph', 'sums', '--format', 'mermiad'], /no format "mermiad"; did you mean "mermaid"\?/],
  ['a run that is not there', ['status', '12'], /no runs in/],
] as const) {
  test(`${what} ends with 2 and the nearest name`, async (t) => {
    const project = new CliProject(t);
    project.pipeline('sums', addThenDouble);
    const { code, stderr, stdout } = await project.run(args);
    assert.equal(code, 2, stdout + stderr);
    assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /\n\s+at /, 'a stack is for --verbose');
    assert.ok(!existsSync(join(project.folder, '.stet/runs/0001')), 'nothing was started');
  });
}

test('all wrong parameters are named at once', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  const { code, stderr } = await project.run(['run', 'sums', 'aa=1', 'b=x']);
  assert.equal(code, 2);
  assert.match(stderr, /aa: /);
  assert.match(stderr, /b: /);
});

test('a pipeline that cannot be loaded ends with 2 and its place', async (t) => {
  const project = new CliProject(t);
  project.pipeline('broken', `\nthrow new Error('no such robot');`);
  const { code, stderr } = await project.run(['plan', 'broken']);
  assert.equal(code, 2);
  assert.match(stderr, /pipelines\/broken\.ts:\d+: no such robot/);
});

test('a site that lacks what is asked for ends with 3, before anything starts', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'huge',
    `const big = task({ name: 'big', version: '1', inputs: {}, outputs: { n: z.int() }, resources: { memoryGb: 1e6 }, run: async () => ({ n: 1 }) });
     export default pipeline('huge', {}, () => ({ n: big({}).n }));`,
  );
  const run = await project.run(['run', 'huge']);
  assert.equal(run.code, 3);
  assert.match(run.stderr, /cannot run it[^]*big: it asks for 1000000 GB of memory/);
  assert.equal((await project.run(['plan', 'huge'])).code, 3);
  assert.equal((await project.run(['doctor', 'huge'])).code, 3);
});

test('a store that cannot be read ends with 3', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  const { code, stderr } = await project.run(['run', 'sums', '--store', join(project.folder, 'package.json')]);
  assert.equal(code, 3, stderr);
});

test('Ctrl-C ends with 130, and resume goes on with that run', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'waits',
    `const first = task({ name: 'first', version: '1', inputs: {}, outputs: { n: z.int() }, run: async () => ({ n: 1 }) });
     const wait = task({ name: 'wait', inputs: { n: z.int() }, outputs: { n: z.int() },
       command: (inputs, out) => ['sh', '-c', 'echo waiting; while [ ! -e "$1"/go ]; do sleep 0.05; done; echo 5 > "$0"', out.n, ${JSON.stringify(project.folder)}] });
     export default pipeline('waits', {}, () => ({ n: wait({ n: first({}).n }).n }));`,
  );
  const child = project.start(['run', 'waits']);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const before = said.includes('started   wait');
    said += chunk.toString();
    if (!before && said.includes('started   wait')) child.kill('SIGINT');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 130, said);
  assert.match(said, /was interrupted .*: 1 ran/);
  assert.match(said, /pipeline resume 0001/);

  const runs = await project.run(['runs']);
  assert.match(runs.stdout, /0001\s+waits .*cancelled/);
  writeFileSync(join(project.folder, 'go'), '');
  const resumed = await project.run(['resume']);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stdout, /run 0001 of waits goes on/);
  assert.match(resumed.stdout, /cached {4}first/);
  const again = await project.run(['resume']);
  assert.equal(again.code, 0);
  assert.match(again.stdout, /nothing to resume/);
});

test('a run whose driver was killed is shown as interrupted, and resumed', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'waits',
    `const wait = task({ name: 'wait', inputs: {}, outputs: { n: z.int() },
       command: (inputs, out) => ['sh', '-c', 'while [ ! -e "$1"/go ]; do sleep 0.05; done; echo 5 > "$0"', out.n, ${JSON.stringify(project.folder)}] });
     export default pipeline('waits', {}, () => ({ n: wait({}).n }));`,
  );
  const child = project.start(['run', 'waits']);
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('started   wait')) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.on('close', resolve));
  assert.match((await project.run(['runs'])).stdout, /0001\s+waits .*interrupted/);
  assert.match((await project.run(['status'])).stdout, /interrupted\n[^]*pipeline resume 0001/);
  writeFileSync(join(project.folder, 'go'), '');
  const resumed = await project.run(['resume']);
  assert.equal(resumed.code, 0, resumed.stdout + resumed.stderr);
});

test('a run whose graph has changed is not resumed, and both graphs are shown', async (t) => {
  const project = new CliProject(t);
  const text = (more: string) =>
    `const fall = task({ name: 'fall', version: '1', inputs: {}, outputs: { n: z.int() }, run: async () => { throw new Error('no'); } });
     export default pipeline('falls', {}, () => ({ n: fall({}).n${more} }));`;
  project.pipeline('falls', text(''));
  assert.equal((await project.run(['run', 'falls'])).code, 1);
  project.pipeline('falls', text(', also: fall({}).n'));
  const { code, stderr } = await project.run(['resume', '1']);
  assert.equal(code, 2);
  assert.match(stderr, /then {2}sha256:[0-9a-f]{64}\n\s+now {3}sha256:[0-9a-f]{64}/);
});

test('output that nobody reads is no crash', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  const child = project.start(['run', 'sums', '--json']);
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0, stderr);
});
