import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CliProject } from '../support/cli.ts';

interface Code {
  /** At the top of the pipeline's file, from its line 8 on. */
  readonly top?: string;
  /** Inside the body of its task. */
  readonly body?: string;
  /** Beside the body. */
  readonly declared?: string;
}

function project(t: TestContext, { top = '', body = '1', declared = '' }: Code): CliProject {
  const made = new CliProject(t);
  made.pipeline(
    'env',
    `${top}
const add = task({ name: 'add', inputs: {}, outputs: { sum: z.number() }, ${declared}
  run: async () => ({ sum: Number(${body}) || 0 }) });
export default pipeline('env', {}, () => add({}));
`,
  );
  return made;
}

async function warned(made: CliProject, command = 'plan'): Promise<string[]> {
  const { stderr, code, stdout } = await made.run([command, 'env'], { K: '5' });
  assert.equal(code, 0, stdout + stderr);
  return stderr.split('\n').filter((line) => line.includes('process.env'));
}

for (const command of ['plan', 'run']) {
  test(`${command} says where a module reads a variable that no task declares, and how to declare it`, async (t) => {
    const made = project(t, { top: 'const K = process.env.K;', body: 'K' });
    const [said = '', ...more] = await warned(made, command);
    assert.match(said, /pipelines\/env\.ts:8 reads process\.env\.K, which no task declares/);
    assert.match(said, /parameter of the pipeline.*env: \{ K: … \}.*inherits: \['K'\]/);
    assert.deepEqual(more, []);
  });
}

test('it is said again when nothing changed, by what is known of the code', async (t) => {
  const made = project(t, { top: 'const K = process.env.K;', body: 'K' });
  await warned(made, 'run');
  assert.equal((await warned(made, 'run')).length, 1);
});

for (const [spelling, top] of [
  ['in brackets', `const K = process.env['K'];`],
  ['taken apart', 'const { K, OTHER = 1 } = process.env;'],
  ['of what is imported', `import { env } from 'node:process';\nconst K = env.K;`],
  ['of the module', `import process from 'node:process';\nconst K = process.env.K;`],
  ['of all there is', 'const K = globalThis.process.env.K;'],
  ['where it may be absent', 'const K = process.env?.K;'],
] as const) {
  test(`a variable is found ${spelling}`, async (t) => {
    const said = await warned(project(t, { top, body: 'K' }));
    assert.ok(
      said.some((line) => line.includes('process.env.K,')),
      said.join('\n'),
    );
  });
}

test('a variable that a body reads is told, and so is one in a module that it imports', async (t) => {
  const made = project(t, { top: `import { limit } from '../lib/limit.ts';`, body: 'process.env.INSIDE ?? limit()' });
  mkdirSync(join(made.folder, 'lib'));
  writeFileSync(join(made.folder, 'lib', 'limit.ts'), '\nexport const limit = () => process.env.LIMIT;\n');
  const said = await warned(made);
  assert.match(said.join('\n'), /pipelines\/env\.ts:10 reads process\.env\.INSIDE/);
  assert.match(said.join('\n'), /lib\/limit\.ts:2 reads process\.env\.LIMIT/);
});

test('a name that is worked out is told as what it is', async (t) => {
  const said = await warned(project(t, { top: `const name = 'K';`, body: 'process.env[name]' }));
  assert.match(said[0] ?? '', /pipelines\/env\.ts:10 reads process\.env by a name that cannot be read there/);
});

for (const declared of [`env: { K: process.env.K ?? '' },`, `secrets: ['K'],`, `inherits: ['K'],`]) {
  test(`what a task declares is not told: ${declared}`, async (t) => {
    assert.deepEqual(await warned(project(t, { body: 'process.env.K', declared })), []);
  });
}

test('comments, texts, what is set, and what every job has are not told', async (t) => {
  const top = `// process.env.A\nconst a = 'process.env.B'; const b = { env: 1 }; void [a, b.env];\nprocess.env.C = '1';\nvoid process.env.HOME;`;
  assert.deepEqual(await warned(project(t, { top })), []);
});
