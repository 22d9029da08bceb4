import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

interface Version {
  /** What scores does with its input. */
  readonly body?: string;
  readonly flag?: string;
  readonly type?: string;
  readonly extra?: string;
}

const head = `import { z } from 'zod';\nimport { task } from 'stet/task';\nimport { folder } from 'stet/kinds/folder';\n`;

/** Below a training: a body in a module of its own, a program, and one that nothing happens to. */
function write(project: CliProject, { body = 'n', flag = 'slow', type = 'z.int()', extra = '' }: Version): void {
  writeFileSync(
    join(project.folder, 'scores.ts'),
    `${head}export const scores = task({ name: 'scores', inputs: { n: z.int(), by: z.int() }, outputs: { s: ${type} }, run: async ({ n, by }) => ({ s: ${body} + by as never }) });`,
  );
  project.pipeline(
    'sure',
    `
import { scores } from '../scores.ts';
const train = task({ name: 'train', version: '1', inputs: { seed: z.int() }, outputs: { n: z.int() }, run: async ({ seed }) => ({ n: seed > 0 ? 1 : 2 }) });
const draw = task({ name: 'draw', inputs: { n: z.int() }, outputs: { d: z.int() }, command: ({ n }, out) => ['sh', '-c', 'echo 1 > "$0"', out.d, '--${flag}', String(n)] });
const plain = task({ name: 'plain', version: '1', inputs: { n: z.int() }, outputs: { p: z.int() }, run: async ({ n }) => ({ p: n }) });
const never = task({ name: 'never', version: '1', inputs: { n: z.int() }, outputs: { p: z.int() }, run: async ({ n }) => ({ p: n }) });
export default pipeline('sure', { seed: z.int().default(1), by: z.int().default(1) }, ({ seed, by }) => {
  const { n } = train({ seed });
  return { s: scores({ n, by }).s, d: draw({ n }).d, p: plain({ n }).p${extra} };
});`,
  );
}

async function plans(project: CliProject, version: Version, more: readonly string[] = []): Promise<string> {
  write(project, version);
  const { code, stdout, stderr } = await project.run(['plan', 'sure', 'seed=2', ...more]);
  assert.equal(code, 0, stderr);
  return stdout;
}

test('a plan says of nodes below a running one that they run, where no earlier result can be theirs, and why', async (t) => {
  const project = new CliProject(t);
  write(project, {});
  assert.equal((await project.run(['run', 'sure'])).code, 0);
  assert.match(await plans(project, {}), /1 will run, 3 may run, 0 cached/, 'what comes may be what was there before');
  assert.match(
    await plans(project, { body: '2 * n' }),
    /scores will run: code of \S+ changed[^]*2 will run, 2 may run/,
  );
  assert.match(await plans(project, {}, ['by=3']), /scores will run: input by 1 -> 3[^]*2 will run/);
  assert.match(
    await plans(project, { flag: 'fast' }),
    /draw will run: command changed: --slow 1 -> --fast 1[^]*2 will run/,
  );
  assert.match(
    await plans(project, { type: 'folder', body: 'String(n)' }),
    /scores will run: .*type of output s changed/,
  );
  assert.match(await plans(project, { extra: ', never: never({ n }).p' }), /never will run: it never ran before/);
  assert.match(await plans(project, {}, ['--force', 'plain']), /plain will run: it was asked for with --force/);
});

test('the sum of a plan counts what is certain, and what may run beside it', async (t) => {
  const project = new CliProject(t);
  write(project, {});
  await project.run(['run', 'sure']);
  const text = await plans(project, {}, ['by=3']);
  assert.match(
    text,
    /2 will run, 2 may run, 0 cached; one after another about \S+ m?s, and up to \S+ m?s more for what may run/,
  );
});

test('what was there before an edit that is taken back may be known, however much ran since', async (t) => {
  const project = new CliProject(t);
  write(project, {});
  for (const by of [1, 3]) await project.run(['run', 'sure', `by=${by}`]);
  assert.match(await plans(project, {}), /\? scores: it depends on train/);
  const { stdout } = await project.run(['run', 'sure', 'seed=2']);
  assert.match(stdout, /1 ran/, 'only the training ran, and gave what it gave before');
});
