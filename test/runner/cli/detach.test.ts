import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addThenDouble, CliProject } from '../../support/cli.ts';
import { eventually } from '../../support/eventually.ts';
import { Driver } from '../../support/program-process.ts';

/** Waits for a file until somebody has written it. */
const waits = `
const wait = task({ name: 'wait', inputs: { path: z.string(), n: z.int() }, outputs: { text: folder }, command: ({ path }, out) => ['sh', '-c', 'until [ -e "$1" ]; do sleep 0.1; done; mkdir "$2"', 'sh', path, out.text] });
export default pipeline('waits', { path: z.string() }, ({ path }) => ({ first: wait({ path, n: 1 }).text, second: wait({ path, n: 2 }).text }));
`;

test('a detached run goes on by itself, and whoever attaches sees how it ends', async (t) => {
  const project = new CliProject(t);
  project.pipeline('waits', waits);
  const path = join(project.folder, 'go');
  const { code, stdout } = await project.run(['run', 'waits', `path=${path}`, '--detach']);
  assert.equal(code, 0);
  assert.match(stdout, /pipeline attach 0001/);

  await eventually('both nodes run', async () => /2 running/.test((await project.run(['status'])).stdout));
  const attached = new Driver(project.start(['attach']), 'attach');
  await eventually('it watches', () => /started +wait/.test(attached.output));
  writeFileSync(path, '');
  const watched = await attached.ended();
  assert.equal(watched.code, 0);
  assert.match(watched.stdout, /run 0001.*succeeded/);
});

test('a node of a run, and then all of it, ends when it is cancelled', async (t) => {
  const project = new CliProject(t);
  project.pipeline('waits', waits);
  await project.run(['run', 'waits', `path=${join(project.folder, 'never')}`, '--detach']);
  await eventually('both nodes run', async () => /2 running/.test((await project.run(['status'])).stdout));

  const one = await project.run(['cancel', 'wait n=1']);
  assert.match(one.stdout, /was cancelled/);
  const after = (await project.run(['status'])).stdout;
  assert.match(after, /1 failed/);
  assert.match(after, /1 running/);

  await project.run(['cancel', '1']);
  assert.match((await project.run(['status'])).stdout, /cancelled/);
  assert.match((await project.run(['cancel', '1'])).stdout, /has ended already/);
});

test('a tick drives what nobody drives, and says so when there is nothing', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  const nothing = await project.run(['tick']);
  assert.match(nothing.stdout, /nothing to do/);
  const child = project.start(['run', 'sums', '--detach']);
  await new Promise((resolve) => child.on('close', resolve));
  await eventually('it has ended', async () => /succeeded/.test((await project.run(['status'])).stdout));
  assert.ok(existsSync(join(project.folder, '.stet', 'runs', '0001', 'driver.log')));
});
