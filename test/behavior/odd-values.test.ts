import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CliProject } from '../support/cli.ts';

/** A program that writes `text` as the value `v`, and another that takes the value and gives it back. */
function projectWith(t: Pick<TestContext, 'after'>): CliProject {
  const project = new CliProject(t);
  project.pipeline(
    'odd',
    `
const odd = task({ name: 'odd', inputs: { text: z.string() }, outputs: { v: z.any(), l: z.array(z.any()) },
  command: ({ text }, out) => ['sh', '-c', 'printf %s "$2" > "$0"; printf "[%s]" "$2" > "$1"', out.v, out.l, decodeURIComponent(text.slice(1))] });
const back = task({ name: 'back', inputs: { v: z.any(), l: z.array(z.any()), each: z.array(z.any()) }, outputs: { v: z.any() },
  command: ({ v, l, each }, out) => ['sh', '-c', 'printf %s "$1" > "$0"', out.v, JSON.stringify([v, l, each])] });
const one = task({ name: 'one', version: '1', inputs: { v: z.any() }, outputs: { v: z.any() }, run: async ({ v }) => ({ v }) });
export default pipeline('odd', { text: z.string() }, ({ text }) => {
  const { v, l } = odd({ text });
  return { v, l, group: { v }, back: back({ v, l, each: l.each((v) => one({ v }).v) }).v };
});`,
  );
  return project;
}

/** As a parameter that is taken for text whatever it says. */
function textOf(text: string): string {
  return `text=t${encodeURIComponent(text)}`;
}

async function got(project: CliProject, result: string): Promise<unknown> {
  const { code, stderr } = await project.run(['get', 'odd', result, '--to', 'got.json', '--force']);
  assert.equal(code, 0, stderr);
  return JSON.parse(readFileSync(join(project.folder, 'got.json'), 'utf8'));
}

test('a value that looks like what the store keeps comes back as it was, in every run and to every reader', async (t) => {
  const project = projectWith(t);
  const digest = `sha256:${'0'.repeat(64)}`;
  const values: unknown[] = [
    { $stream: [{ key: 'a', value: 1 }] },
    { $artifact: { kind: 'folder', digest, size: 1, meta: {} } },
    { $artifact: 1, $service: 'x', $$stream: [], $$$artifact: { $stream: {} }, $other: 1 },
  ];
  for (const value of values) {
    const params = ['odd', textOf(JSON.stringify(value))];
    for (const counts of [/3 ran|ran 3|: ran/, /nothing to do|all 3/]) {
      const { code, stdout, stderr } = await project.run(['run', ...params]);
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, counts);
      assert.deepEqual(await got(project, 'v'), value);
      assert.deepEqual(await got(project, 'l'), [value]);
      assert.deepEqual(await got(project, 'group'), { v: value });
      assert.deepEqual(await got(project, 'back'), [value, [value], [value]]);
    }
  }
  assert.equal((await project.run(['cache', 'verify'])).code, 0);
});

test('a value of a program that could be taken for files in the store is refused by name', async (t) => {
  const project = projectWith(t);
  const text = JSON.stringify({ best: { kind: 'folder', digest: `sha256:${'0'.repeat(64)}`, path: 'x' } });
  const { code, stdout } = await project.run(['run', 'odd', textOf(text)]);
  assert.equal(code, 1);
  assert.match(stdout, /odd gave plain data at v\.best that nothing tells from files/);
});

test('minus zero is zero, and integers beyond 2^53 that keep their digits are kept', async (t) => {
  const project = projectWith(t);
  const { code, stdout } = await project.run(['run', 'odd', textOf('[-0.0,-0,{"x":-0e5},100000000000000000]')]);
  assert.equal(code, 0, stdout);
  assert.deepEqual(await got(project, 'v'), [0, 0, { x: 0 }, 1e17]);
});

test('numbers that JSON cannot hold are refused at their field, and what was written is kept', async (t) => {
  const project = projectWith(t);
  for (const [number, hint] of Object.entries({
    NaN: 'Write null or text',
    '-Infinity': 'Write null or text',
    '9007199254740993': 'Write it as text',
    '1e999': 'Write it as text',
  })) {
    const text = `{"rows":[{"loss":${number}}]}`;
    const { code, stdout } = await project.run(['run', 'odd', textOf(text)]);
    assert.equal(code, 1, stdout);
    assert.match(stdout, new RegExp(`odd wrote ${number} to v\\.rows\\.0\\.loss`));
    assert.ok(stdout.includes(hint), stdout);
    const path = /is kept at (\S+)/.exec(stdout)?.[1] ?? assert.fail(stdout);
    assert.equal(readFileSync(path, 'utf8'), text);
  }
});

test('a number that a body cannot give is named with its place', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'body',
    `
const body = task({ name: 'body', version: '1', inputs: {}, outputs: { v: z.any() }, run: async () => ({ v: { rows: [{ loss: NaN }] } }) });
export default pipeline('body', {}, () => ({ v: body({}).v }));`,
  );
  const { stdout } = await project.run(['run', 'body']);
  assert.match(stdout, /body returned something at outputs\.v\.rows\.0\.loss that is not plain data: NaN/);
});

test('facts of files with a minus zero are kept, and those with a number that JSON lacks are named', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'facts',
    `
import { artifact } from 'stet/task';
const kind = artifact('facts', { meta: z.object({ mean: z.any() }), inspect: async (path) => ({ mean: path.endsWith('zero') ? -0 : NaN }) });
const make = task({ name: 'make', inputs: {}, outputs: { zero: kind }, command: (_, out) => ['touch', out.zero] });
const make2 = task({ name: 'make2', inputs: {}, outputs: { nan: kind }, command: (_, out) => ['touch', out.nan] });
export default pipeline('facts', {}, () => ({ zero: make({}).zero, nan: make2({}).nan }));`,
  );
  const { stdout } = await project.run(['run', 'facts']);
  assert.match(stdout, /Output nan of make2 cannot be kept: \S*meta\.mean is NaN/);
  assert.match(stdout, /1 ran/);
});
