import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CliProject } from '../support/cli.ts';

/** Makes tasks and kinds of what it is handed. */
const wrap = `
import { artifact, task } from 'stet/task';
import { z } from 'zod';
export const gpuTask = (spec) => task({ ...spec, resources: { cpus: 1 } });
export const number = (name, v) => task({ name, inputs: {}, outputs: { v }, command: (_, out) => ['sh', '-c', 'echo 3 > "$0"', out.v] });
export const kind = (name, inspect) => artifact(name, { meta: z.any(), inspect });
`;

interface Code {
  readonly lr?: number;
  readonly helper?: number;
  readonly more?: string;
}

const main = ({ lr = 1, more = '' }: Code): string => `
import { gpuTask, kind, number } from '../lib/wrap.ts';
import { helper } from '../lib/helper.ts';
const lr = ${lr};
${more}
const body = gpuTask({ name: 'body', inputs: {}, outputs: { v: z.any() }, run: async () => ({ v: [lr, helper()] }) });
const scaled = number('scaled', z.number().transform((n) => n * lr * helper()));
const file = number('file', kind('scored', async () => lr * helper()));
export default pipeline('main', {}, () => ({ body: body({}).v, scaled: scaled({}).v, file: file({}).v.at('meta') }));
`;

class Scene {
  readonly #project: CliProject;

  constructor(t: TestContext) {
    this.#project = new CliProject(t);
    mkdirSync(join(this.#project.folder, 'lib'));
    writeFileSync(join(this.#project.folder, 'lib', 'wrap.ts'), wrap);
  }

  async results(code: Code): Promise<unknown> {
    const helper = `export const helper = () => ${code.helper ?? 1};`;
    writeFileSync(join(this.#project.folder, 'lib', 'helper.ts'), helper);
    this.#project.pipeline('main', main(code));
    const { stdout, stderr, code: ended } = await this.#project.run(['run', 'main', '--json']);
    assert.equal(ended, 0, stdout + stderr);
    const last = stdout.trim().split('\n').at(-1) ?? '';
    return (JSON.parse(last) as { results: unknown }).results;
  }
}

test('what a function of another module makes a task of counts with its own module, and all that this imports', async (t) => {
  const scene = new Scene(t);
  assert.deepEqual(await scene.results({}), { body: [1, 1], scaled: 3, file: 1 });
  assert.deepEqual(await scene.results({ lr: 2 }), { body: [2, 1], scaled: 6, file: 2 });
  assert.deepEqual(await scene.results({ lr: 2, helper: 5 }), { body: [2, 5], scaled: 30, file: 10 });
  assert.deepEqual(await scene.results({ lr: 2, helper: 5, more: '// said otherwise' }), {
    body: [2, 5],
    scaled: 30,
    file: 10,
  });
});
