import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CliProject } from '../../support/cli.ts';
import { startServed } from '../../support/served.ts';
import { tinyPolicy } from '../../tasks/serve/tiny-policy.ts';

/** Copies a checkpoint that the test made; `turn` makes another policy of it. Three results, two of them policies. */
const twoPolicies = (folder: string, evaluate: string) => `
import { cpSync, readFileSync } from 'node:fs';
import { checkpoint } from 'stet/kinds/checkpoint';
import { rolloutPusht } from 'stet/tasks/rollout/pusht';
const make = task({
  name: 'make', version: '1', inputs: { step: z.int() }, outputs: { policy: checkpoint, note: z.string() },
  run: async ({ step }, out) => {
    cpSync(${JSON.stringify(folder)}, out.policy, { recursive: true });
    const config = JSON.parse(readFileSync(out.policy + '/config.json', 'utf8'));
    writeFileSync(out.policy + '/config.json', JSON.stringify({ ...config, step, noiseScale: step }));
    return { policy: out.policy, note: 'made' };
  },
});
export default pipeline('two', {}, () => {
  const [first, second] = [make({ step: 0 }), make({ step: 1 })];
  const given = { episodes: 3, seed: 5, maxSteps: 20 };
  const [a, b] = [rolloutPusht({ policy: first.policy, ...given }), rolloutPusht({ policy: second.policy, ...given })];
  return { first: first.policy, second: second.policy, note: first.note ${evaluate} };
});
`;

async function projectWith(t: TestContext, evaluate: string): Promise<CliProject> {
  const project = new CliProject(t);
  project.pipeline('two', twoPolicies(await tinyPolicy(project.folder), evaluate));
  const { code, stderr } = await project.run(['run', 'two']);
  assert.equal(code, 0, stderr);
  return project;
}

test('of the policies of a run the one that did best is served, and it is said why', async (t) => {
  const project = await projectWith(t, ', a: a.summary, b: b.summary');
  const store = join(project.folder, '.stet');
  const { lines, child, ended } = await startServed(t, ['two', '--store', store]);
  const [, best, other] =
    /^Serving (first|second) of two, run 0001: the best in its 3 scenes from seed 5: success rate 0\.00, mean reward [\d.]+; (first|second) success rate 0\.00, mean reward [\d.]+$/.exec(
      lines[0] ?? '',
    ) ?? [];
  assert.ok(best !== undefined && other !== undefined && best !== other, lines[0]);
  assert.equal(lines[1], `  policy   flow-policy/1, step ${best === 'first' ? 0 : 1}`);
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  assert.ok(existsSync(join(store, 'tmp')));
  assert.deepEqual(readdirSync(join(store, 'tmp')), []);
});

test('policies that were not compared must be named', async (t) => {
  const project = await projectWith(t, '');
  const { code, stderr } = await project.run(['serve', 'two', '--port', '0']);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /several policies that were not compared\.\n {2}try: pipeline serve two:first\n +pipeline serve two:second/,
  );
  const store = join(project.folder, '.stet');
  const { lines } = await startServed(t, ['two:second', '--store', store]);
  assert.equal(lines[0], 'Serving second of two, run 0001');
  const wrong = await project.run(['serve', 'two:note', '--port', '0']);
  assert.match(wrong.stderr, /note of two is "made", and no checkpoint/);
});

test('what cannot be served is told in one line and what to do', async (t) => {
  const project = new CliProject(t);
  const policy = await tinyPolicy(project.folder);
  const said = async (...args: string[]) => {
    const { code, stderr } = await project.run(['serve', ...args]);
    return `${code} ${stderr}`;
  };
  assert.match(await said('nowhere'), /^2 error: There is no run of "nowhere"/);
  assert.match(await said('./nowhere'), /^2 error: There is no checkpoint at \.\/nowhere/);
  assert.match(await said(policy, '--port', '70000'), /^2 error: .*number from 0 to 65535/);
  assert.match(await said(policy, '--host', '0.0.0.0'), /^2 error: On 0\.0\.0\.0 other machines could reach/);
  assert.match(await said(policy, '--api-key-env', 'NOT_SET'), /^3 error: The variable NOT_SET/);
  assert.match(await said(policy, '--backend', 'abacus'), /^2 error: .*abacus/);
});
