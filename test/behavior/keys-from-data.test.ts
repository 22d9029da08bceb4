import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

const made = `
import { keyedList } from 'stet/task';
const row = z.object({ id: z.string(), v: z.number() });
const list = task({ name: 'list', version: '1', inputs: { ids: z.array(z.string()) }, outputs: { l: keyedList(row, 'id') },
  run: async ({ ids }) => ({ l: ids.map((id, v) => ({ id, v })) }) });
const made = task({ name: 'made', inputs: { r: row }, outputs: { d: folder },
  command: ({ r }, out) => ['sh', '-c', 'mkdir "$0"; echo "$1" > "$0/README.md"', out.d, String(r.v)] });
`;

test('keys from data never lead out of what get is told to write, over files, or to one another', async (t) => {
  const project = new CliProject(t);
  const ids = [
    '..',
    '.',
    '',
    'a/b',
    'a_b',
    'A_b',
    '../victim',
    'é',
    'e\u0301',
    'long'.repeat(99),
    `${'long'.repeat(99)}er`,
  ];
  project.pipeline(
    'keys',
    `${made}export default pipeline('keys', {}, () => ({ k: list({ ids: ${JSON.stringify(ids)} }).l.each((r) => made({ r }).d) }));`,
  );
  writeFileSync(join(project.folder, 'README.md'), 'mine');
  mkdirSync(join(project.folder, 'out'));
  const run = await project.run(['run', 'keys']);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  const got = await project.run(['get', 'keys', 'k', '--to', 'out/k']);
  assert.equal(got.code, 0, got.stderr);
  assert.equal(readFileSync(join(project.folder, 'README.md'), 'utf8'), 'mine');
  assert.deepEqual(readdirSync(join(project.folder, 'out')), ['k']);
  const names = readdirSync(join(project.folder, 'out', 'k'));
  const values = names.map((name) => readFileSync(join(project.folder, 'out', 'k', name, 'README.md'), 'utf8').trim());
  assert.deepEqual(new Set(values), new Set(ids.map((_, v) => String(v))));
});

test('keys of inputs never lead out of the folder of a job', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'wide',
    `${made}
const take = task({ name: 'take', inputs: { all: z.record(z.string(), z.any()) }, outputs: { text: z.int() },
  command: ({ all }, out) => ['sh', '-c', 'cat "$1/README.md" "$2/README.md" "$3/README.md" | tr -dc 0-9 > "$0"', out.text,
    ...['x/../../../../victim', 'a.b', 'a'].map((key) => (key === 'a' ? all.a.b : all[key]).path)] });
export default pipeline('wide', {}, () => {
  const [x, y, z] = [1, 2, 3].map((v) => made({ r: { id: '', v } }).d);
  return { text: take({ all: { 'x/../../../../victim': x, 'a.b': y, a: { b: z } } }).text };
});`,
  );
  const run = await project.run(['run', 'wide']);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /123/);
  assert.equal(readdirSync(project.folder).includes('victim'), false);
});

test('the command that takes a result of a sweep out works, however long or alike the names are', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'sweep',
    `${made}export default pipeline('sweep', { who: z.string().default('') }, ({ who }) => ({ d: made({ r: { id: who, v: 1 } }).d }));`,
  );
  const long = 'w'.repeat(300);
  const run = await project.run(['run', 'sweep', `who=ä,ö,a/b,a-b,${long}`]);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  const commands = run.stdout.split('\n').flatMap((line) => /pipeline get (.*)$/.exec(line)?.[1] ?? []);
  const words = commands.map((line) =>
    [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ''),
  );
  assert.equal(new Set(words.map((args) => args[3])).size, 5);
  for (const args of words) {
    const got = await project.run(['get', ...args]);
    assert.equal(got.code, 0, got.stderr);
  }
});
