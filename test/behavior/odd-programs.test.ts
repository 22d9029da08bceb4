import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

const twoTasks = `
const first = task({ name: 'first', inputs: {}, outputs: { n: z.int() }, run: async () => ({ n: 1 }) });
const second = task({ name: 'second', inputs: { n: z.int() }, outputs: { n: z.int() }, run: async ({ n }) => ({ n: n + 1 }) });
const other = task({ name: 'other', inputs: {}, outputs: { n: z.int() }, run: async () => ({ n: 7 }) });
`;

test('a build function that ends the process, or loses a promise, is told of and ends with a failure', async (t) => {
  const project = new CliProject(t);
  project.pipeline('exits', `${twoTasks}export default pipeline('exits', {}, () => { process.exit(0); });`);
  project.pipeline(
    'exits-early',
    `process.exit(0);\n${twoTasks}export default pipeline('exits-early', {}, () => ({ n: first({}).n }));`,
  );
  project.pipeline(
    'loses',
    `${twoTasks}export default pipeline('loses', {}, () => { void Promise.reject(new Error('lost it')); return { n: first({}).n }; });`,
  );
  for (const [name, words] of [
    ['exits', /called process\.exit\(0\)/],
    ['exits-early', /called process\.exit\(0\)/],
    ['loses', /Nobody waited for a promise that was rejected: lost it/],
  ] as const) {
    const { code, stderr } = await project.run(['plan', name]);
    assert.notEqual(code, 0, name);
    assert.match(stderr, words);
    assert.doesNotMatch(stderr, /mistake in the framework|\n\s+at /, name);
  }
});

test('a body that loses a promise which is rejected fails', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'loses',
    `const loses = task({ name: 'loses', inputs: {}, outputs: { n: z.int() }, run: async () => { void Promise.reject(new Error('lost it')); return { n: 1 }; } });
export default pipeline('loses', {}, () => ({ n: loses({}).n }));`,
  );
  const { code, stdout, stderr } = await project.run(['run', 'loses']);
  assert.equal(code, 1, stdout + stderr);
  assert.match(stdout + stderr, /lost it/);
});

test('what --force names has to be among what --until asks for, and no name is empty', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'two',
    `${twoTasks}export default pipeline('two', {}, () => ({ n: second({ n: first({}).n }).n, o: other({}).n }));`,
  );
  for (const command of ['plan', 'run']) {
    const outside = await project.run([command, 'two', '--until', 'first', '--force', 'other']);
    assert.notEqual(outside.code, 0);
    assert.match(outside.stderr, /--force names what --until first does not need: other/);
    const empty = await project.run([command, 'two', '--until', '']);
    assert.notEqual(empty.code, 0);
    assert.match(empty.stderr, /The name of a node is empty/);
    assert.equal((await project.run([command, 'two', '--until', 'second', '--force', 'first'])).code, 0);
  }
});

test('what would be kept as something else is refused by name: other bytes, holes, depth', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'odd',
    `const bytes = task({ name: 'bytes', inputs: {}, outputs: { s: z.string() }, command: (_, out) => ['sh', '-c', "printf '\\"\\\\377\\"' > $0", out.s] });
const deep = task({ name: 'deep', inputs: {}, outputs: { v: z.any() }, command: (_, out) => [process.execPath, '-e', "require('node:fs').writeFileSync(process.argv[1], '['.repeat(20000) + ']'.repeat(20000))", out.v] });
const holes = task({ name: 'holes', inputs: {}, outputs: { l: z.any() }, run: async () => ({ l: [1, , 2] }) });
export default pipeline('odd', {}, () => ({ s: bytes({}).s, v: deep({}).v, l: holes({}).l }));`,
  );
  const { code, stdout, stderr } = await project.run(['run', 'odd']);
  assert.equal(code, 1);
  assert.match(stdout, /bytes wrote bytes to s that are no UTF-8/, stdout + stderr);
  assert.match(stdout, /deep gave v nested too deep to be kept|v of deep cannot be kept: .*nested more than/, stdout);
  assert.match(stdout, /holes returned something at outputs\.l\.1 that is not plain data/, stdout);
  assert.doesNotMatch(stdout + stderr, /mistake in the framework/);
});

test('what a body closes over and nobody can read, and results that are nested too deep, are named', async (t) => {
  const project = new CliProject(t);
  const closes = (made: string): string => `const make = () => { const held = ${made};
  return task({ name: 'closes', inputs: {}, outputs: { n: z.int() }, run: async () => ({ n: held.a ?? 1 }) }); };
const closes = make();
`;
  const closing = `export default pipeline('odd', {}, () => ({ n: closes({}).n }));`;
  const texts = [
    [
      closes("new Proxy({}, { get() { throw new Error('no'); }, has() { throw new Error('no'); } })") + closing,
      /held.* is a proxy/,
    ],
    [
      closes("{ get a() { throw new Error('no'); } }") + closing,
      /held is an object whose a is worked out when it is asked for/,
    ],
    [
      `${twoTasks}export default pipeline('odd', {}, () => { let v = first({}).n; for (let i = 0; i < 5000; i += 1) v = [v]; return { v }; });`,
      /nested more than 500 levels/,
    ],
  ] as const;
  for (const [text, words] of texts) {
    project.pipeline('odd', text);
    const { code, stdout, stderr } = await project.run(['plan', 'odd']);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, words);
    assert.doesNotMatch(stdout + stderr, /mistake in the framework/);
  }
});

test('a parameter that no number holds, and an empty item of a list, are refused', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'params',
    `${twoTasks}export default pipeline('params', { n: z.int().default(1), s: z.array(z.string()).default([]) }, ({ n }) => ({ n: second({ n }).n }));`,
  );
  for (const arg of ['n=9007199254740993', 's=[a, , b]']) {
    const { code, stderr } = await project.run(['plan', 'params', arg]);
    assert.notEqual(code, 0, arg);
    assert.doesNotMatch(stderr, /mistake in the framework/, arg);
  }
  assert.equal((await project.run(['plan', 'params', 'n=9007199254740991', 's=[a,b]'])).code, 0);
});

test('frozen code that is a file is made again, and a line of a log with a time that is none is passed over', async (t) => {
  const project = new CliProject(t);
  project.pipeline('two', `${twoTasks}export default pipeline('two', {}, () => ({ n: first({}).n }));`);
  assert.equal((await project.run(['run', 'two'])).code, 0);
  const code = join(project.folder, '.stet', 'code');
  const home = join(code, readdirSync(code).find((name) => /^[0-9a-f]{64}$/.test(name)) ?? '');
  rmSync(home, { recursive: true });
  writeFileSync(home, 'no folder');
  assert.equal((await project.run(['run', 'two'])).code, 0);
  const log = join(project.folder, '.stet', 'runs', '0001', 'events.jsonl');
  writeFileSync(log, readFileSync(log, 'utf8').replaceAll(/"time":"[^"]*"/g, '"time":"yesterday"'));
  for (const args of [['runs'], ['status', '0001', '--json']])
    assert.doesNotMatch((await project.run(args)).stderr, /mistake in the framework/, args.join(' '));
});

test('the outputs of a body are not written through a link that lies in their place', async (t) => {
  const project = new CliProject(t);
  const victim = join(project.folder, 'victim');
  writeFileSync(victim, 'precious');
  project.pipeline(
    'link',
    `import { symlinkSync } from 'node:fs';
const link = task({ name: 'link', inputs: {}, outputs: { n: z.int() }, run: async () => { symlinkSync(${JSON.stringify(victim)}, process.argv[2] + '/outputs.json'); return { n: 1 }; } });
export default pipeline('link', {}, () => ({ n: link({}).n }));`,
  );
  const { code, stdout, stderr } = await project.run(['run', 'link']);
  assert.equal(code, 0, stdout + stderr);
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
});

test('of adopted files those are taken out that count, not what lies beside them', async (t) => {
  const project = new CliProject(t);
  const data = join(project.folder, 'data');
  mkdirSync(join(data, 'deep'), { recursive: true });
  writeFileSync(join(data, 'deep', 'kept.txt'), 'kept');
  writeFileSync(join(data, 'beside.txt'), 'beside');
  project.pipeline(
    'adopts',
    `import { artifact } from 'stet/task';
const some = artifact('some', { meta: z.object({}), hold: 'adopt', files: async () => ['deep/kept.txt'], inspect: async () => ({}) });
const find = task({ name: 'find', inputs: {}, outputs: { d: some }, run: async () => ({ d: ${JSON.stringify(data)} }) });
export default pipeline('adopts', {}, () => ({ d: find({}).d }));`,
  );
  const ran = await project.run(['run', 'adopts']);
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.equal((await project.run(['get', 'adopts', 'd', '--to', 'out'])).code, 0);
  assert.equal(readFileSync(join(project.folder, 'out', 'deep', 'kept.txt'), 'utf8'), 'kept');
  assert.equal(existsSync(join(project.folder, 'out', 'beside.txt')), false);
});
