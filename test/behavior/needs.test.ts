import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

const wanting = `
import { fileAt, freeDisk, program } from 'stet/task';
const fetch = task({ name: 'fetch', version: '1', inputs: { terabytes: z.number() }, outputs: { n: z.int() },
  needs: ({ terabytes = 0 }) => [program('fetch-it', 'Install fetch-it.'), freeDisk({ bytes: terabytes * 1e12, what: 'the data' })],
  run: async () => ({ n: 1 }) });
const train = task({ name: 'train', version: '1', inputs: { n: z.int(), weights: z.string() }, outputs: { loss: z.int() },
  needs: ({ n, weights = '' }) => [program('fetch-it', 'Install fetch-it.'),
    fileAt(weights, { what: n === undefined ? 'the file of weights' : 'wrong', advice: 'Give weights=FILE.' })],
  resources: { gpus: 64 },
  run: async ({ n }) => ({ loss: n }) });
const plain = task({ name: 'plain', version: '1', inputs: {}, outputs: { n: z.int() }, run: async () => ({ n: 1 }) });
export default pipeline('wanting', { terabytes: z.number().default(1e6), weights: z.string().default('/no/such/file') }, ({ terabytes, weights }) => {
  const { n } = fetch({ terabytes });
  return { plain: plain({}).n, loss: train({ n, weights }).loss };
}, { profiles: { small: { terabytes: 0 } } });
`;

test('a run that lacks things is refused before it starts, with all of them and what to do', async (t) => {
  const project = new CliProject(t);
  project.pipeline('wanting', wanting);
  const { code, stderr } = await project.run(['run', 'wanting']);
  assert.equal(code, 3);
  assert.match(stderr, /fetch, train: fetch-it is not on PATH\n +Install fetch-it\./, 'said once for both');
  assert.match(stderr, /fetch: the data takes 1000 PB and \S+\.stet has .* free\n +Free some space/);
  assert.match(stderr, /train: the file of weights is not there: \/no\/such\/file\n +Give weights=FILE\./);
  assert.match(stderr, /train: it asks for 64 GPUs/);
  assert.ok(!existsSync(join(project.folder, '.stet/runs/0001')), 'nothing was started');
});

test('plan and doctor say the same, for the parameters that are given', async (t) => {
  const project = new CliProject(t);
  project.pipeline('wanting', wanting);
  const plan = await project.run(['plan', 'wanting']);
  assert.equal(plan.code, 3);
  assert.match(plan.stdout, /fetch-it is not on PATH[^]*the data takes[^]*the file of weights/);
  const doctor = await project.run(['doctor', 'wanting', 'weights=package.json', '--profile', 'small']);
  assert.equal(doctor.code, 3);
  assert.match(doctor.stdout, /fetch-it is not on PATH/);
  assert.doesNotMatch(doctor.stdout, /the data takes|file of weights/);
});

test('what is known already needs nothing', async (t) => {
  const project = new CliProject(t);
  const withNeed = (need: string): string => `
    import { program } from 'stet/task';
    const make = task({ name: 'make', version: '1', inputs: {}, outputs: { n: z.int() }, needs: [program('${need}', 'Get it.')], run: async () => ({ n: 1 }) });
    const use = task({ name: 'use', version: '1', inputs: { n: z.int(), by: z.int() }, outputs: { n: z.int() }, run: async ({ n, by }) => ({ n: n * by }) });
    export default pipeline('known', { by: z.int().default(1) }, ({ by }) => ({ n: use({ n: make({}).n, by }).n }));`;
  project.pipeline('known', withNeed('sh'));
  assert.equal((await project.run(['run', 'known'])).code, 0);
  project.pipeline('known', withNeed('no-such-program'));
  const again = await project.run(['run', 'known', 'by=2']);
  assert.equal(again.code, 0, again.stderr);
  const forced = await project.run(['plan', 'known', '--force', 'make']);
  assert.match(forced.stdout, /make: no-such-program is not on PATH/);
});
