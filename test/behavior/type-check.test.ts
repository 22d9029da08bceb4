import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { CliProject, type CliResult } from '../support/cli.ts';

const fine = `
const add = task({ name: 'add', version: '1', inputs: { a: z.int() }, outputs: { sum: z.int() }, run: async ({ a }) => ({ sum: a + 1 }) });
export default pipeline('sums', { a: z.int().default(1) }, ({ a }) => add({ a }));
`;
/** It runs, and gives no number. */
const wrong = fine.replace('({ sum: a + 1 })', '({ sum: `${a}` })');

class Scene {
  readonly project: CliProject;

  constructor(t: TestContext, { compiler = true }: { compiler?: boolean } = {}) {
    this.project = new CliProject(t);
    this.project.pipeline('sums', fine);
    if (compiler) this.#install();
  }

  /** The compiler of this repository, which notes that it was started. */
  #install(): void {
    const place = join(this.project.folder, 'node_modules', 'typescript');
    mkdirSync(place);
    const manifest = { name: 'typescript', version: '7.0.0', bin: { tsc: './tsc.cjs' } };
    writeFileSync(join(place, 'package.json'), JSON.stringify(manifest));
    const real = join(packageRoot(), 'node_modules', 'typescript', 'bin', 'tsc');
    writeFileSync(
      join(place, 'tsc.cjs'),
      `require('node:fs').appendFileSync(${JSON.stringify(this.#log)}, 'x');
const { status } = require('node:child_process').spawnSync(process.execPath, [${JSON.stringify(real)}, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status);`,
    );
  }

  get #log(): string {
    return join(this.project.folder, 'started');
  }

  get started(): number {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').length : 0;
  }

  get runs(): number {
    const runs = join(this.project.folder, '.stet', 'runs');
    return existsSync(runs) ? readdirSync(runs).length : 0;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.project.folder, name), text);
  }

  run(...args: string[]): Promise<CliResult> {
    return this.project.run(args, {}, { seconds: 60 });
  }
}

test('a pipeline whose types do not fit is refused by run and plan, with file, line and the words of the compiler', async (t) => {
  const scene = new Scene(t);
  scene.project.pipeline('sums', wrong);
  for (const command of ['plan', 'run']) {
    const { code, stderr } = await scene.run(command, 'sums');
    assert.equal(code, 2, stderr);
    assert.match(stderr, /pipelines\/sums\.ts:9:\d+ TS\d+: .*string.*number/s);
    assert.match(stderr, /try: .*--no-types/);
  }
  assert.equal(scene.runs, 0);
  assert.equal(scene.started, 1, 'the verdict on the same code is kept');
});

test('with --no-types it runs whatever its types are, and the compiler is not asked', async (t) => {
  const scene = new Scene(t);
  scene.project.pipeline('sums', fine.replace('a + 1', 'a + (1 as unknown as string as never)'));
  assert.equal((await scene.run('run', 'sums', '--no-types')).code, 0);
  assert.equal(scene.started, 0);
});

test('the compiler is started once for each version of the code, and never when nothing changed', async (t) => {
  const scene = new Scene(t);
  for (let again = 0; again < 3; again += 1) assert.equal((await scene.run('run', 'sums')).code, 0);
  assert.equal(scene.started, 1);
  scene.project.pipeline('sums', `${fine}\n`);
  await scene.run('run', 'sums');
  assert.equal(scene.started, 2);
  scene.write('tsconfig.json', '{"compilerOptions":{"strict":true,"module":"nodenext","target":"es2023"}}');
  await scene.run('run', 'sums');
  scene.write('package-lock.json', '{}');
  await scene.run('run', 'sums');
  assert.equal(scene.started, 4);
});

test("a module that the pipeline imports is checked too, by the project's own settings", async (t) => {
  const scene = new Scene(t);
  scene.write('limit.ts', 'export function limit(value) { return value; }\n');
  scene.project.pipeline('sums', `import { limit } from '../limit.ts';\n${fine.replace('a + 1', 'limit(a + 1)')}`);
  assert.equal((await scene.run('plan', 'sums')).code, 0, 'nobody asked to be strict');
  scene.write('tsconfig.json', '{"compilerOptions":{"strict":true,"module":"nodenext","target":"es2023"}}');
  const { code, stderr } = await scene.run('plan', 'sums');
  assert.equal(code, 2);
  assert.match(stderr, /limit\.ts:1:\d+ TS7006/);
});

test('where there is no TypeScript one line says so, once for each version of the code', async (t) => {
  const scene = new Scene(t, { compiler: false });
  const first = await scene.run('run', 'sums');
  assert.equal(first.code, 0);
  assert.match(first.stderr, /Types are not checked: there is no TypeScript here/);
  assert.doesNotMatch((await scene.run('run', 'sums')).stderr, /TypeScript/);
});

test('a compiler that cannot work is told of, and stops nothing', async (t) => {
  const scene = new Scene(t);
  scene.write('tsconfig.json', '{"compilerOptions":{"module":"none such"}}');
  const { code, stderr } = await scene.run('run', 'sums');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Types could not be checked: .*module/);
});

test('a pipeline that ships with the program is not checked', async (t) => {
  const scene = new Scene(t);
  await scene.run('plan', 'demo-score');
  assert.equal(scene.started, 0);
});
