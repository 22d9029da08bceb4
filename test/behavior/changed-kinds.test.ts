import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { CliProject } from '../support/cli.ts';

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
