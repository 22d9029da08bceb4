import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

const greeting = `
import { createServer } from 'node:http';
import { once } from 'node:events';
import { endpoint, service } from 'stet/task';

const greeter = service({
  name: 'greeter',
  inputs: { word: z.string() },
  ready: { http: '/', withinSeconds: 20 },
  run: async ({ word }, port, { signal }) => {
    const server = createServer((_, response) => response.end(word)).listen(port, '127.0.0.1');
    process.stdout.write('says ' + word + '\\n');
    await once(signal, 'abort');
    server.close();
    process.stdout.write('ended in good order\\n');
  },
});
const greet = task({
  name: 'greet',
  version: '1',
  inputs: { server: endpoint },
  outputs: { text: z.string() },
  run: async ({ server }) => ({ text: await (await fetch(server.url)).text() }),
});
export default pipeline('greeting', { word: z.string().default('hello') }, ({ word }) => greet({ server: greeter({ word }) }));
`;

test('a service in TypeScript serves, ends in good order, keeps its log, and is not counted as work', async (t) => {
  const project = new CliProject(t);
  project.pipeline('greeting', greeting);
  const { code, stdout, stderr } = await project.run(['run', 'greeting']);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /ready +greeter at http:\/\/127\.0\.0\.1:\d+/);
  assert.match(stdout, /1 ran, 0 cached/);
  assert.match(stdout, /hello/);
  const logs = await project.run(['logs', 'greeter']);
  assert.equal(logs.stdout, 'says hello\nended in good order\n');
  assert.match((await project.run(['status'])).stdout, /greeter/);
});

test('a known result needs no server; another input of the server, or its code, does', async (t) => {
  const project = new CliProject(t);
  project.pipeline('greeting', greeting);
  await project.run(['run', 'greeting']);
  const again = await project.run(['run', 'greeting']);
  assert.match(again.stdout, /nothing to do/);
  assert.doesNotMatch(again.stdout, /greeter/);
  const other = await project.run(['why', 'greeting', 'greet', 'word=bye']);
  assert.match(other.stdout, /greet will run: input server is another service/);
  project.pipeline('greeting', greeting.replace('response.end(word)', 'response.end(word + word)'));
  const edited = await project.run(['why', 'greeting', 'greet']);
  assert.match(edited.stdout, /greet will run: input server is another service/);
});

test('a consumer whose resources cannot be told fails alone, with the reason', async (t) => {
  const project = new CliProject(t);
  const resources = "resources: ({ server }) => { if (server) throw new Error('no such size'); return {}; },";
  project.pipeline('greeting', greeting.replace("name: 'greet',", `name: 'greet',\n  ${resources}`));
  const { code, stdout, stderr } = await project.run(['run', 'greeting']);
  assert.equal(code, 1, stderr);
  assert.match(stdout + stderr, /no such size/);
  assert.doesNotMatch(stderr, /mistake in the framework/);
});

test('what a service said stands below the failure when it does not come up', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'greeting',
    greeting.replace("process.stdout.write('says", "throw new Error('no voice'); process.stdout.write('says"),
  );
  const { code, stdout } = await project.run(['run', 'greeting']);
  assert.equal(code, 1);
  assert.match(stdout, /✗ greeter failed[\s\S]*no voice/);
  assert.match(stdout, /skipped +greet: needs greeter/);
});
