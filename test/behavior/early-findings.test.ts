import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

/** A training of hours, and after it what could have been known to fail. */
const late = `
import { python, program } from 'stet/task';
import { service } from 'stet/tasks/core/service';
const train = task({ name: 'train', inputs: {}, outputs: { n: z.int() }, command: (_, out) => ['sh', '-c', 'echo 1 > "$0"', out.n] });
const after = (name: string, more: object, argv: string[]) => task({ name, inputs: { n: z.int() }, outputs: { m: z.int() }, ...more, command: ({ n }, out) => [...argv, String(n), out.m] });
const tasks = [
  after('no-glob', { code: ['src/**/*.py'] }, ['sh']),
  after('no-file', { code: ['train.py', './here.sh'] }, ['sh']),
  after('no-python', { code: [python('evaluate.py')] }, ['sh']),
  after('no-program', {}, ['no-such-simulator']),
  after('no-script', { code: ['here.sh'] }, ['./train.sh']),
  after('own-folder', {}, ['./here.sh']),
  after('not-executable', { code: ['here.sh'] }, ['./here.sh']),
  after('absolute', {}, ['/no/such/tool']),
  after('other-path', { env: { PATH: '/no/such/folder' } }, ['sh']),
  after('no-folder', { cwd: () => 'simulator' }, ['./run']),
  after('fine', { code: ['here.sh', 'bin/*'] }, ['bin/ok']),
  after('fine-too', { cwd: () => 'bin' }, ['./ok']),
];
export default pipeline('late', {}, () => { const { n } = train({}); return tasks.map((one) => one({ n }).m); });
`;

const expected = [
  /no-glob: no file matches "src\/\*\*\/\*\.py" of its code/,
  /no-file: no file matches "train\.py" of its code/,
  /no-python: there is no evaluate\.py, which python\(…\) of its code names/,
  /no-program: no-such-simulator is not on PATH/,
  /no-script: its program is not there: \S+\/train\.sh/,
  /own-folder: it starts in a folder of its own, where there is no \.\/here\.sh\W+Name the file among its code/,
  /not-executable: its program may not be executed: \S+here\.sh\W+chmod \+x/,
  /absolute: its program is not there: \/no\/such\/tool/,
  /other-path: sh is not on PATH/,
  /no-folder: the folder that it starts in is not there: \S+simulator/,
];

test('what can be known to fail after the training is said before it, all of it, by plan, run and doctor', async (t) => {
  const project = new CliProject(t);
  project.pipeline('late', late);
  mkdirSync(join(project.folder, 'bin'));
  writeFileSync(join(project.folder, 'here.sh'), 'exit 0\n');
  writeFileSync(join(project.folder, 'bin', 'ok'), '#!/bin/sh\n');
  chmodSync(join(project.folder, 'bin', 'ok'), 0o755);
  for (const command of ['plan', 'run', 'doctor']) {
    const { code, stdout, stderr } = await project.run([command, 'late']);
    assert.equal(code, 3, stdout + stderr);
    for (const words of expected) assert.match(stdout + stderr, words, command);
    assert.doesNotMatch(stdout + stderr, /^ +fine/m);
  }
  assert.ok(!existsSync(join(project.folder, '.stet/runs/0001')), 'nothing was started');
});

test('what only the result of another task decides is not guessed at', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'decided',
    `
const choose = task({ name: 'choose', inputs: {}, outputs: { tool: z.string(), fast: z.boolean(), how: z.enum(['sh', 'no-such-tool']), dir: folder },
  command: (_, out) => ['sh', '-c', 'echo \\'"sh"\\' > "$0"; echo true > "$1"; echo \\'"sh"\\' > "$2"; mkdir "$3"', out.tool, out.fast, out.how, out.dir] });
const echo = ['-c', 'echo 1 > "$0"'];
const named = task({ name: 'named', inputs: { tool: z.string() }, outputs: { n: z.int() }, command: ({ tool }, out) => [tool, ...echo, out.n] });
const either = task({ name: 'either', inputs: { fast: z.boolean() }, outputs: { n: z.int() }, command: ({ fast }, out) => [fast ? 'sh' : 'no-such-tool', ...echo, out.n] });
const one = task({ name: 'one', inputs: { how: z.enum(['sh', 'no-such-tool']) }, outputs: { n: z.int() }, command: ({ how }, out) => [how, ...echo, out.n] });
const inside = task({ name: 'inside', inputs: { dir: folder }, outputs: { n: z.int() }, cwd: ({ dir }) => dir.path, command: (_, out) => ['sh', ...echo, out.n] });
export default pipeline('decided', {}, () => { const { tool, fast, how, dir } = choose({}); return { a: named({ tool }).n, b: either({ fast }).n, c: one({ how }).n, d: inside({ dir }).n }; });
`,
  );
  const { code, stdout, stderr } = await project.run(['run', 'decided']);
  assert.equal(code, 0, stdout + stderr);
});

test('a backend whose package is not installed is said at the start, also where a training comes first', async (t) => {
  const project = new CliProject(t);
  for (const args of [
    ['plan', 'demo-score', 'backend=node-gpu', '--profile', 'quick'],
    ['doctor', 'serve-and-rollout', 'backend=node-gpu'],
  ]) {
    const { code, stdout, stderr } = await project.run(args);
    assert.equal(code, 3, stdout + stderr);
    assert.match(stdout, /the package @tensorflow\/tfjs-node-gpu of the backend "node-gpu" is not installed/);
  }
});

test('a plan asks for what is needed before it observes, and lists the other nodes when observing fails', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'blind',
    `
const marker = process.cwd() + '/looked';
const unreachable = { advice: 'Connect.', isForLooking: true, missing: async () => 'example.invalid cannot be reached' };
const look = (name: string, needs: object[], observe: () => Promise<unknown>) =>
  task({ name, version: '1', inputs: {}, outputs: { n: z.int() }, needs, observe, run: async () => ({ n: 1 }) } as never) as any;
const cut = look('cut', [unreachable], async () => writeFileSync(marker, ''));
const broken = look('broken', [], async () => { throw new Error('the listing is not there'); });
const plain = task({ name: 'plain', version: '1', inputs: {}, outputs: { n: z.int() }, run: async () => ({ n: 1 }) });
const use = task({ name: 'use', version: '1', inputs: { n: z.int() }, outputs: { n: z.int() }, run: async ({ n }) => ({ n }) });
export default pipeline('blind', {}, () => ({ cut: cut({}).n, used: use({ n: broken({}).n }).n, plain: plain({}).n }));
`,
  );
  const { code, stdout, stderr } = await project.run(['plan', 'blind']);
  assert.equal(code, 3, stdout + stderr);
  assert.match(stdout, /plain will run/);
  assert.match(stdout, /cut: it cannot be looked at: example\.invalid cannot be reached/);
  assert.match(stdout, /use will run: it never ran before/);
  assert.match(stdout, /cannot run it:[^]*cut: example\.invalid cannot be reached\n +Connect\./);
  assert.match(stdout, /cannot run it:[^]*broken: .*the listing is not there/);
  assert.ok(!existsSync(join(project.folder, 'looked')), 'nothing was observed that cannot be reached');
  const doctor = await project.run(['doctor', 'blind']);
  assert.match(doctor.stdout, /broken: .*the listing is not there/);
});
