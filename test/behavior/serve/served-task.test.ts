import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CliProject } from '../../support/cli.ts';
import { startServed } from '../../support/served.ts';
import { tinyPolicy } from '../../tasks/serve/tiny-policy.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const overTheWire = `
import { rolloutServed } from 'stet/tasks/rollout/served';
export default pipeline('over-the-wire', { url: z.string() }, ({ url }) => {
  const { summary, meanMaxReward } = rolloutServed({ server: { url }, episodes: 3, seed: 5, maxSteps: 20 });
  return { summary, meanMaxReward };
});
`;

test('rollouts over the wire are known as long as the server has the same policy, and run again for another', async (t) => {
  const project = new CliProject(t);
  project.pipeline('over-the-wire', overTheWire);
  const secret = { STET_POLICY_KEY: 'sesame' };
  const options = ['--api-key-env', 'STET_POLICY_KEY'];
  const first = await startServed(t, [await tinyPolicy(project.folder), ...options], secret);
  const { url } = first;
  const run = async () => {
    const { code, stdout, stderr } = await project.run(['run', 'over-the-wire', `url="${url}"`, '--json'], secret);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, /sesame/);
    return /"type":"node-(\w+)"[^\n]*\n[^\n]*run-finished/.exec(stdout)?.[1];
  };
  assert.equal(await run(), 'finished');
  assert.equal(await run(), 'cached');

  first.child.kill('SIGTERM');
  assert.equal(await first.ended, 0);
  const other = await tinyPolicy(tempFolder(t), { work: 5 });
  await startServed(t, [other, '--port', new URL(url).port, ...options], secret);
  assert.equal(await run(), 'finished');
});

test('a server that is not there, or wants a key, fails the rollout and is told', async (t) => {
  const project = new CliProject(t);
  project.pipeline('over-the-wire', overTheWire);
  const { url, child, ended } = await startServed(t, [await tinyPolicy(project.folder), '--api-key-env', 'KEY'], {
    KEY: 'k',
  });
  const refused = await project.run(['run', 'over-the-wire', `url="${url}"`]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /no policy server for us: it answered with HTTP status 401/);
  child.kill('SIGTERM');
  await ended;
  const lost = await project.run(['run', 'over-the-wire', `url="${url}"`]);
  assert.equal(lost.code, 1);
  assert.match(lost.stdout, /is not there: .*ECONNREFUSED[\s\S]*try +Start it: pipeline serve CHECKPOINT/);
});
