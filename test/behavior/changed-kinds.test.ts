import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type CliResult, CliProject } from '../support/cli.ts';

interface Code {
  /** What `inspect` makes of the number in the file. */
  factor?: number;
  meta?: string;
  /** The declared type of the number beside the file. */
  mean?: string;
}

/** A program makes a file and a number; a body and a program use what is known of the file, and a program does not. */
const source = ({ factor = 1, meta = 'z.number()', mean = 'z.number()' }: Code): string => `
import { readFile } from 'node:fs/promises';
import { artifact } from 'stet/task';
const scored = artifact('scored', {
  meta: z.object({ score: ${meta} }),
  inspect: async (path) => ({ score: Number(await readFile(path, 'utf8')) * ${factor} }),
});
const make = task({
  name: 'make', inputs: {}, outputs: { file: scored, mean: ${mean} },
  command: (_, out) => ['sh', '-c', 'echo 2 > "$0"; echo 3 > "$1"', out.file, out.mean],
});
const body = task({ name: 'body', version: '1', inputs: { file: scored }, outputs: { seen: z.number() },
  run: async ({ file }) => ({ seen: file.meta.score }) });
const program = task({ name: 'program', inputs: { file: scored }, outputs: { seen: z.number() },
  command: ({ file }, out) => ['sh', '-c', 'echo $1 > "$0"', out.seen, String(file.meta.score)] });
const blind = task({ name: 'blind', inputs: { file: scored }, outputs: { seen: z.number() },
  command: ({ file }, out) => ['cp', file.path, out.seen] });
export default pipeline('kinds', {}, () => {
  const { file, mean } = make({});
  return { score: file.at('meta').at('score'), mean, a: body({ file }).seen, b: program({ file }).seen, c: blind({ file }).seen };
});
`;

interface Ended {
  readonly results: Readonly<Record<string, unknown>>;
  readonly ran: readonly string[];
}

class Scene {
  readonly #project: CliProject;

  constructor(t: TestContext, code: Code = {}) {
    this.#project = new CliProject(t);
    this.edit(code);
  }

  edit(code: Code): void {
    this.#project.pipeline('kinds', source(code));
  }

  async run(): Promise<Ended> {
    const { stdout, stderr, code } = await this.#project.run(['run', 'kinds', '--json']);
    assert.equal(code, 0, stdout + stderr);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; address?: string; results?: Ended['results'] });
    const ran = events.flatMap(({ type, address = '' }) => (type === 'node-finished' ? [address] : [])).sort();
    return { ran, results: events.at(-1)?.results ?? {} };
  }

  /** Writes what `source` does not. */
  write(text: string): void {
    this.#project.pipeline('kinds', text);
  }

  tryRun(): Promise<CliResult> {
    return this.#project.run(['run', 'kinds']);
  }

  async why(node: string): Promise<string> {
    return (await this.#project.run(['why', 'kinds', node])).stdout;
  }
}

test('a corrected inspect counts: stored files are inspected again, and what used the old facts runs', async (t) => {
  const scene = new Scene(t);
  assert.deepEqual((await scene.run()).results, { score: 2, mean: 3, a: 2, b: 2, c: 2 });
  scene.edit({ factor: 10 });
  assert.match(await scene.why('body'), /what is known of input file\.score 2 -> 20/);
  const again = await scene.run();
  assert.deepEqual(again.results, { score: 20, mean: 3, a: 20, b: 20, c: 2 });
  assert.deepEqual(again.ran, ['body', 'program']);
  assert.deepEqual((await scene.run()).ran, []);
  scene.edit({ factor: 1 });
  const back = await scene.run();
  assert.deepEqual(back.results, { score: 2, mean: 3, a: 2, b: 2, c: 2 });
  assert.deepEqual(back.ran, []);
});

test('a type of facts that the stored files do not fit makes them a miss, with its reason', async (t) => {
  const scene = new Scene(t);
  await scene.run();
  scene.edit({ meta: 'z.number().transform((score) => score + 1)' });
  const { ran, results } = await scene.run();
  assert.deepEqual([results.score, ran], [3, ['body', 'program']]);
  scene.edit({ meta: 'z.number().min(5)' });
  assert.match(await scene.why('make'), /make will run: its stored output file is no scored any more: .*expected/is);
});

test('a value that does not fit the type of today is not handed out', async (t) => {
  const scene = new Scene(t);
  await scene.run();
  scene.edit({ mean: 'z.object({ mean: z.number() })' });
  assert.match(
    await scene.why('make'),
    /make will run: its stored output mean does not fit its type: .*expected object/is,
  );
  scene.edit({ mean: 'z.number().min(1)' });
  assert.deepEqual((await scene.run()).ran, []);
  scene.edit({ mean: 'z.number().transform((n) => n * 2)' });
  const { ran, results } = await scene.run();
  assert.deepEqual([ran, results.mean], [['make'], 6]);
});

/** Of each output the number 3 is made, and its type makes another value of it. */
const changing: Record<string, string> = {
  transform: 'z.number().transform((n) => n * 2)',
  lazy: 'z.lazy(() => z.number().transform((n) => n * 2))',
  codec: 'z.codec(z.number(), z.number(), { decode: (n) => n * 2, encode: (n) => n / 2 })',
  overwrite: 'z.number().overwrite((n) => n * 2)',
  check: 'z.number().check((one) => { one.value *= 2; })',
  preprocess: 'z.preprocess((n) => Number(n) * 2, z.number())',
  union: 'z.union([z.string(), z.number().transform((n) => n * 2)])',
  closing: '(() => { const by = new Factor(); return z.number().transform((n) => n * by.k); })()',
};

const changingSource = (text = '', types = changing): string => `
class Factor { k = 2; }
const tasks = {${Object.entries(types).map(
  ([name, type]) => `
  ${name}: task({ name: '${name}', inputs: {}, outputs: { v: ${type} }, command: (_, out) => ['sh', '-c', 'echo 3 > "$0"', out.v] })`,
)} };
${text}
export default pipeline('kinds', {}, () => Object.fromEntries(Object.entries(tasks).map(([name, one]) => [name, one({}).v])));
`;

test('a stored value is never transformed again, whatever part of its type does so', async (t) => {
  const scene = new Scene(t);
  const wanted = Object.fromEntries(Object.keys(changing).map((name) => [name, 6]));
  for (const text of ['', 'const one = 1;', 'const one = 2;']) {
    scene.write(changingSource(text));
    assert.deepEqual((await scene.run()).results, wanted, text);
  }
  scene.write(changingSource('', { ...changing, lazy: 'z.number()' }));
  assert.deepEqual((await scene.run()).results, { ...wanted, lazy: 3 });
});

test('an output that was left out stays left out when its module changes', async (t) => {
  const scene = new Scene(t);
  const text = (more: string): string => `
const some = task({ name: 'some', inputs: {}, outputs: { v: z.number(), w: z.number().refine((n) => n > 0).optional() },
  command: (_, out) => ['sh', '-c', 'echo 3 > "$0"', out.v] });
${more}
export default pipeline('kinds', {}, () => ({ v: some({}).v }));`;
  scene.write(text(''));
  assert.deepEqual((await scene.run()).ran, ['some']);
  scene.write(text('const more = 1;'));
  assert.deepEqual((await scene.run()).ran, []);
});

const ofTheMachine: Record<string, [inspect: string, words: RegExp]> = {
  'a program that is not there': ["execFileSync('no-such-program-here', [path])", /no-such-program-here/],
  'a file that lies elsewhere': ["readFileSync('/no-such-folder/table.json')", /no-such-folder/],
  'a full disk': [
    "(() => { throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28, syscall: 'write' }); })()",
    /no space left/,
  ],
};

for (const [what, [inspect, words]] of Object.entries(ofTheMachine)) {
  test(`a result that could not be inspected again because of ${what} is kept, and that is said`, async (t) => {
    const scene = new Scene(t);
    const text = (body: string): string => `
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { artifact } from 'stet/task';
const some = artifact('some', { meta: z.object({ n: z.number() }), inspect: async (path) => { ${body}; return { n: 2 }; } });
const make = task({ name: 'make', inputs: {}, outputs: { file: some }, command: (_, out) => ['sh', '-c', 'echo 3 > "$0"', out.file] });
export default pipeline('kinds', {}, () => ({ n: make({}).file.at('meta').at('n') }));`;
    scene.write(text(''));
    assert.deepEqual((await scene.run()).ran, ['make']);
    scene.write(text(inspect));
    const { code, stdout, stderr } = await scene.tryRun();
    assert.notEqual(code, 0, stdout);
    assert.match(stderr, words);
    assert.match(stderr, /could not be inspected again/);
    scene.write(text('1'));
    assert.deepEqual((await scene.run()).ran, []);
  });
}

test('what a task observes is the same whatever the order of its fields', async (t) => {
  const scene = new Scene(t);
  scene.write(`
let looks = 0;
const look = task({ name: 'look', inputs: {}, outputs: { v: z.number() },
  observe: async () => ((looks += 1) % 2 ? { a: 1, b: { c: 1, d: 2 } } : { b: { d: 2, c: 1 }, a: 1 }), run: async () => ({ v: 1 }) });
export default pipeline('kinds', {}, () => ({ v: look({}).v }));`);
  assert.deepEqual((await scene.run()).ran, ['look']);
});
