import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

test('an optional output that is left out is absent for who takes it, and one with a default has it, fresh and cached', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'some',
    `
const program = task({ name: 'program', inputs: { which: z.string() }, outputs: { a: z.int(), b: z.int().optional(), c: z.int().default(7), d: folder.optional() },
  command: ({ which }, out) => ['sh', '-c', 'echo 1 > "$0"; [ "$3" = all ] && echo 2 > "$1" && mkdir "$2"; true', out.a, out.b, out.d, which] });
const body = task({ name: 'body', version: '1', inputs: {}, outputs: { a: z.int(), b: z.int().optional() }, run: async () => ({ a: 1, b: undefined }) });
const see = task({ name: 'see', version: '1', inputs: { b: z.int().optional(), c: z.int(), d: folder.optional(), e: z.int().optional() }, outputs: { s: z.string() },
  run: async ({ b, c, d, e }) => ({ s: [b, c, d === undefined ? 'none' : 'folder', e].join(' ') }) });
export default pipeline('some', { which: z.string().default('few'), again: z.int().default(0) }, ({ which }) => {
  const { b, c, d } = program({ which });
  return { s: see({ b, c, d, e: body({}).b }).s, b, d };
});`,
  );
  for (const [which, seen] of [
    ['few', / 7 none /],
    ['all', /2 7 folder /],
    ['few', / 7 none /],
  ] as const) {
    const { code, stdout, stderr } = await project.run(['run', 'some', `which=${which}`]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, seen);
  }
});

test('an output that may be anything must still be written', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'any',
    `
const program = task({ name: 'program', inputs: {}, outputs: { v: z.any() }, command: () => ['true'] });
export default pipeline('any', {}, () => ({ v: program({}).v }));`,
  );
  const { code, stdout } = await project.run(['run', 'any']);
  assert.equal(code, 1);
  assert.match(stdout, /program ended well but did not write its output v/);
});
