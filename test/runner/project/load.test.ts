import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Problem } from '../../../cache/problem.ts';
import { listPipelines, loadPipeline } from '../../../runner/project/load.ts';
import { graphOf } from '../../../runner/project/build-graph.ts';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
/** The surface as this test has it, compiled or not. */
const surface = (path: string): string => new URL(`../../../${path}.${ending}`, import.meta.url).href;

/** A user's repository whose `stet` is this code. */
function repository(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = tempFolder(t);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('package.json', '{"name":"mine","type":"module"}');
  write(
    'node_modules/stet/package.json',
    '{"name":"stet","version":"0.0.0","type":"module","exports":{"./task":"./task.js","./pipeline":"./pipeline.js","./tasks/*":"./tasks/*.js"}}',
  );
  write('node_modules/stet/task.js', `export * from '${surface('tasks/core/task')}';`);
  write('node_modules/stet/pipeline.js', `export * from '${surface('pipelines/core/pipeline')}';`);
  symlinkSync(join(packageRoot(), 'node_modules/zod'), join(root, 'node_modules/zod'));
  for (const [path, text] of Object.entries(files)) write(path, text);
  return root;
}

const load = (root: string, name = 'hello') => loadPipeline(name, { cwd: root, codeFolder: join(root, '.stet/code') });

async function problem(root: string, name = 'hello'): Promise<string> {
  try {
    await load(root, name);
  } catch (error) {
    assert.ok(Problem.is(error), String(error));
    return `${error.code} ${error.message}`;
  }
  throw new Error('it was loaded');
}

const double = (factor: number): string => `import { z } from 'zod';
import { task } from 'stet/task';
export const double = task({ name: 'double', inputs: { n: z.int() }, outputs: { twice: z.int() }, run: async ({ n }) => ({ twice: ${factor} * n }) });
`;
const hello = (from: string): string => `import { z } from 'zod';
import { pipeline } from 'stet/pipeline';
import { double } from '${from}';
export default pipeline('hello', { n: z.int().default(2) }, ({ n }) => double({ n }).twice);
`;

/** What the one task of the loaded pipeline depends on. */
async function codeOf(root: string): Promise<Record<string, string>> {
  const loaded = await load(root);
  const [node] = graphOf(loaded.pipeline, [{ label: '', params: { n: 1 } }]).byAddress.values();
  assert.ok(node?.node.type === 'call');
  return loaded.codeOf(node.node.spec.definedAt);
}

test('a pipeline of a user is loaded by name and by path', async (t) => {
  const root = repository(t, { 'pipelines/hello.ts': hello('../tasks/double.ts'), 'tasks/double.ts': double(2) });
  const loaded = await load(root);
  assert.deepEqual([loaded.name, loaded.root, loaded.file], ['hello', root, join(root, 'pipelines/hello.ts')]);
  assert.equal((await load(root, 'pipelines/hello.ts')).graphDigest, loaded.graphDigest);
  const framework = 'npm:stet/task.js'; // in an installation it is known as such by its place
  assert.deepEqual(
    Object.keys(await codeOf(root)).filter((name) => name !== framework),
    ['npm:zod', 'tasks/double.ts'],
  );
});

test('a task that a package brings is known by its own modules', async (t) => {
  const root = repository(t, {
    'pipelines/hello.ts': hello('stet/tasks/double'),
    'node_modules/stet/tasks/double.js': `import '../lib/x.js';\n${double(2).replaceAll("'stet/task'", "'../task.js'")}`,
    'node_modules/stet/lib/x.js': 'export const x = 1;',
  });
  const code = await codeOf(root);
  assert.ok(
    Object.hasOwn(code, 'npm:stet/tasks/double.js') && Object.hasOwn(code, 'npm:stet/lib/x.js'),
    Object.keys(code).join(),
  );
  assert.equal(Object.hasOwn(code, 'npm:stet'), false);
});

test('pipelines in JavaScript are loaded as well', async (t) => {
  const root = repository(t, { 'pipelines/hello.js': hello('../tasks/double.js'), 'tasks/double.js': double(2) });
  assert.equal((await load(root)).name, 'hello');
});

test('pipelines are listed by name, without tests and declarations', (t) => {
  const root = repository(t, {
    'pipelines/b.ts': '',
    'pipelines/a.mts': '',
    'pipelines/a.test.ts': '',
    'pipelines/c.d.ts': '',
    'pipelines/.d.ts': '',
  });
  const own = listPipelines(join(root, 'pipelines')).filter(({ from }) => from === 'project');
  assert.deepEqual(
    own.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.ok(listPipelines(root).some(({ name, from }) => name === 'demo-score' && from === 'shipped'));
});

test('a pipeline that is not there names the nearest', async (t) => {
  const root = repository(t, { 'pipelines/hello.ts': '' });
  assert.match(await problem(root, 'helo'), /^no-such-pipeline .*did you mean "hello"\?/);
});

test('what is wrong with a pipeline is said with its place in the source', async (t) => {
  const files: [string, string, RegExp][] = [
    ['no default export', 'export const x = 1;', /^no-pipeline .*pipelines\/hello\.ts has no pipeline/],
    ['a syntax error', '\nconst = 1;', /^pipeline-broken pipelines\/hello\.ts:2:\d+: /],
    ['a missing module', "\n\nimport './gone.ts';", /^pipeline-broken pipelines\/hello\.ts:3:\d+: .*gone\.ts/],
    [
      'a missing package',
      "\n\nimport x from 'gone-package';\nexport default x;",
      /^pipeline-broken pipelines\/hello\.ts:3: Cannot find package 'gone-package'/,
    ],
    [
      'a throw',
      "interface A { b: 1 }\n\nthrow new Error('no luck');",
      /^pipeline-broken pipelines\/hello\.ts:3: no luck/,
    ],
    ['a throw in an import', "import '../lib/x.ts';", /^pipeline-broken lib\/x\.ts:4: deep/],
    [
      'an export that is not there',
      "import { gone } from '../lib/y.ts';\nexport default gone;",
      /^pipeline-broken pipelines\/hello\.ts.*: .*gone/,
    ],
    [
      'a wrong task',
      "import { task } from 'stet/task';\n\ntask({ name: 'Bad Name', inputs: {}, outputs: {}, run: async () => ({}) });",
      /^wrong-task pipelines\/hello\.ts:3: /,
    ],
  ];
  for (const [what, text, words] of files) {
    const root = repository(t, {
      'pipelines/hello.ts': text,
      'lib/x.ts': "interface A { b: 1 }\nfunction f(): void {\n  // so\n  throw new Error('deep');\n}\nf();",
      'lib/y.ts': 'export const y = 1;',
    });
    assert.match(await problem(root), words, what);
  }
});

test('an unchanged pipeline is loaded again without the compiler, and under node alone', {
  timeout: 30_000,
}, async (t) => {
  const root = repository(t, { 'pipelines/hello.js': hello('../tasks/double.js'), 'tasks/double.js': double(2) });
  await load(root);
  const script = `
    import { createRequire } from 'node:module';
    import { loadPipeline } from ${JSON.stringify(surface('runner/project/load'))};
    await loadPipeline('hello', { cwd: ${JSON.stringify(root)}, codeFolder: ${JSON.stringify(join(root, '.stet/code'))} });
    const loaded = Object.keys(createRequire(${JSON.stringify(pathToFileURL(join(packageRoot(), 'x.js')).href)}).cache);
    console.log(loaded.filter((file) => /esbuild.lib.main/.test(file)).length);`;
  const loader = ending === 'ts' ? ['--import', import.meta.resolve('tsx')] : [];
  const count = execFileSync(process.execPath, [...loader, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  }).trim();
  assert.equal(count, ending === 'ts' ? count : '0'); // tsx has a compiler of its own in this process
});
