import assert from 'node:assert/strict';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { readEvents } from '../../runner/log/run-log.ts';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { CliProject, startProgram } from '../support/cli.ts';
import { Driver } from '../support/program-process.ts';
import { recordsIn } from '../support/slurm-project.ts';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** The whole of what a project does to have an executor of its own. */
const site = `import { thirdDoor } from '${join(packageRoot(), 'test/support/third-executor/door.ts')}';
export default { doors: [thirdDoor] };
`;

const greedy = `
const train = task({ name: 'train', version: '1', inputs: {}, outputs: { n: z.int() }, resources: { gpus: 64 }, run: async () => ({ n: 1 }) });
const merge = task({ name: 'merge', version: '1', inputs: {}, outputs: { n: z.int() }, resources: { memoryGb: 9000 }, run: async () => ({ n: 1 }) });
const plain = task({ name: 'plain', version: '1', inputs: {}, outputs: { n: z.int() }, run: async () => ({ n: 1 }) });
export default pipeline('greedy', {}, () => ({ train: train({}).n, merge: merge({}).n, plain: plain({}).n }));
`;

const served = `
import { createServer } from 'node:http';
import { endpoint, service } from 'stet/task';
const adder = service({ name: 'adder', version: '1', inputs: { by: z.int() }, ready: { http: '/', withinSeconds: 30 },
  run: async ({ by }, port, { signal }) => {
    const server = createServer((request, response) => response.end(String(Number(request.url.slice(1)) + by))).listen(port, '127.0.0.1');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    server.close();
  } });
const ask = task({ name: 'ask', version: '1', inputs: { adder: endpoint, n: z.int() }, outputs: { n: z.int() },
  run: async ({ adder, n }) => ({ n: Number(await (await fetch(adder.url + '/' + n)).text()) }) });
export default pipeline('served', {}, () => ({ n: ask({ adder: adder({ by: 2 }), n: 40 }).n }));
`;

function projectWith(t: TestContext, name: string, text: string): CliProject {
  const project = new CliProject(t);
  writeFileSync(join(project.folder, 'pipeline.config.ts'), site);
  project.pipeline(name, text);
  return project;
}

describe('an executor of a project', () => {
  for (const executor of ['local', 'third']) {
    test(`${executor}: what the machine does not have is refused by plan, and by run before anything starts`, async (t) => {
      const project = projectWith(t, 'greedy', greedy);
      for (const command of ['plan', 'run']) {
        const { code, stdout, stderr } = await project.run([command, 'greedy', '--executor', executor]);
        assert.equal(code, 3);
        assert.match(stdout + stderr, /train: it asks for 64 GPUs and this machine has \d+/);
        assert.match(stdout + stderr, /merge: it asks for 9000 GB of memory and this machine has \d+ GB/);
        assert.doesNotMatch(stdout + stderr, /plain: /);
        assert.match(stdout + stderr, executor === 'local' ? /This machine cannot/ : /The executor third cannot/);
      }
    });
  }

  test('it may be the one that the site says, and a service comes along with the job that takes it', async (t) => {
    const project = projectWith(t, 'served', served);
    writeFileSync(join(project.folder, 'pipeline.config.ts'), site.replace('] }', "], executor: 'third' }"));
    const { code, stdout, stderr } = await project.run(['run', 'served'], {}, { seconds: 60 });
    assert.equal(code, 0, stdout + stderr);
    const queued = readEvents(join(project.folder, '.stet/runs/0001')).filter((event) => event.type === 'node-queued');
    assert.deepEqual(
      queued.map(({ label, executor }) => [label, executor]),
      [['ask', 'third']],
    );
  });

  test('a name that is none is a wrong command line, and the likely one is told', async (t) => {
    const project = projectWith(t, 'greedy', greedy);
    for (const command of ['plan', 'run', 'doctor']) {
      const { code, stderr } = await project.run([command, 'greedy', '--executor', 'thrid']);
      assert.equal(code, 2);
      assert.match(stderr, /There is no executor "thrid"\.[^]*Did you mean "third"\?/);
    }
    assert.match((await project.run(['run', '--help'])).stdout, /--executor <name> +where jobs run: local, slurm/);
  });

  test('a door that is not whole is told with its place in the site file', async (t) => {
    const project = projectWith(t, 'greedy', greedy);
    writeFileSync(join(project.folder, 'pipeline.config.ts'), "export default { doors: [{ name: 'mine' }] };\n");
    const { code, stderr } = await project.run(['plan', 'greedy']);
    assert.equal(code, 2);
    assert.match(stderr, /pipeline\.config\.ts does not fit[^]*It must be a function\.[^]*doors\[0\]\.make/);
  });

  test('the whole experiment has the bytes that this machine gives', { timeout: 600_000 }, async (t) => {
    const folder = tempFolder(t);
    for (const name of ['package.json', 'cache', 'tasks', 'pipelines'])
      cpSync(join(packageRoot(), name), join(folder, name), { recursive: true });
    symlinkSync(join(packageRoot(), 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'pipeline.config.ts'), site);
    const [local, third] = [join(folder, 'local'), join(folder, 'third')];
    for (const [store, executor] of [
      [third, 'third'],
      [local, 'local'],
    ] as const) {
      const args = ['run', 'demo-score', '--profile', 'quick', '--store', store, '--executor', executor];
      const driver = new Driver(startProgram(args, { cwd: folder, env: {} }), args.join(' '));
      t.after(() => driver.kill());
      await driver.succeeded({ seconds: 240 });
    }
    const records = await recordsIn(third);
    assert.ok(Object.keys(records).length > 20, `${Object.keys(records).length} records`);
    assert.deepEqual(records, await recordsIn(local));
    const ran = readEvents(join(third, 'runs/0001')).filter((event) => event.type === 'node-queued');
    assert.deepEqual([...new Set(ran.map(({ executor }) => executor))], ['third']);
  });
});

describe('the same on a cluster', { skip: withoutSlurm }, () => {
  const here = useCluster({ nodes: 1 });

  test('slurm: what no node has is refused by plan', async (t) => {
    const project = projectWith(t, 'greedy', greedy);
    const { code, stdout } = await project.run(['plan', 'greedy', '--executor', 'slurm'], here.cluster.env);
    assert.equal(code, 3);
    assert.match(stdout, /The cluster cannot run it:/);
    assert.match(stdout, /train: it asks for 64 GPUs on a node/);
    assert.match(stdout, /merge: it asks for 9000 GB of memory on a node/);
  });
});
