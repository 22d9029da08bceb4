import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import type { Door } from '../../../runner/executors/door.ts';
import { doorNamed, siteFor } from '../../../runner/site/doors.ts';
import { loadSite, parseSite } from '../../../runner/site/load-site.ts';
import { builtIn } from '../../../runner/site/registry.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const make: Door['make'] = () => Promise.reject(new Error('nothing is started here'));
const queue = { name: 'queue', make, site: z.strictObject({ hosts: z.int().min(1), user: z.string().default('me') }) };

function projectWith(t: TestContext, siteFile?: string): string {
  const root = tempFolder(t);
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  if (siteFile !== undefined) writeFileSync(join(root, 'pipeline.config.ts'), siteFile);
  return root;
}

/** The places in a site file at which it is refused. */
async function refusedAt(given: unknown): Promise<string[]> {
  const error: unknown = await parseSite(given, { builtIn, file: 'pipeline.config.ts' }).then(
    () => assert.fail('it was taken'),
    (reason: unknown) => reason,
  );
  assert.ok(Problem.is(error) && error.code === 'wrong-site');
  return (error.cause as z.ZodError).issues.map(({ path, code }) => `${path.join('.')} ${code}`).sort();
}

test('a project without a site file has the executors of the program, and limits nothing', async (t) => {
  assert.deepEqual(await loadSite(projectWith(t), builtIn), { local: {}, doors: builtIn });
});

test('a site file says where the store is, what of the machine may be used and where jobs run', async (t) => {
  const said = { store: '/data', records: 'files:records', local: { cpus: 8, gpus: [0, 2] }, executor: 'slurm' };
  const root = projectWith(t, `export default ${JSON.stringify(said)};`);
  assert.deepEqual(await loadSite(root, builtIn), { ...said, doors: builtIn });
});

test('an executor of the project stands beside those of the program, as it was written', async (t) => {
  const root = projectWith(
    t,
    `class Queue { name = 'queue'; place = 'the queue'; make() { return this.place; } }
     export default { doors: [new Queue()], executor: 'queue' };`,
  );
  const site = await loadSite(root, builtIn);
  assert.deepEqual([Object.keys(site.doors), site.executor], [['local', 'slurm', 'queue'], 'queue']);
  const door = (await doorNamed(site, 'queue')) as Door & { make: () => unknown };
  assert.equal(door.make(), 'the queue', 'its methods know it');
});

test('an executor is told its own part of the site file, with its defaults, and what holds for the machine', async () => {
  const local = { cpus: 2 };
  const given = { local, doors: [queue], executors: { queue: { hosts: 3 }, slurm: { partition: 'gpu' } } };
  const site = await parseSite(given, { builtIn, file: 'pipeline.config.ts' });
  const told = siteFor(await doorNamed(site, 'queue'), { site, storeRoot: '/store' });
  assert.deepEqual(told, { own: { hosts: 3, user: 'me' }, storeRoot: '/store', machine: local });
});

test('an executor whose part must not be left out says so when it is asked for, and no sooner', async () => {
  const site = await parseSite({ doors: [queue] }, { builtIn, file: 'pipeline.config.ts' });
  const door = await doorNamed(site, 'queue');
  assert.throws(() => siteFor(door, { site, storeRoot: '/store' }), {
    code: 'wrong-site',
    message: /executors\.queue/,
  });
});

test('each executor checks its own part, and one that has none may not be told anything', async () => {
  const executors = { queue: { hosts: 0, nodes: 1 }, plain: {}, nobody: {} };
  assert.deepEqual(await refusedAt({ doors: [queue, { name: 'plain', make }], executors }), [
    'executors unrecognized_keys',
    'executors.queue unrecognized_keys',
    'executors.queue.hosts too_small',
  ]);
});

test('all that does not fit is told at once, with the file', async (t) => {
  const wrong = { stroe: '/data', local: { cpus: 0, gpus: [-1], disks: 2 }, place: 'gpu' };
  assert.deepEqual(await refusedAt(wrong), [
    ' unrecognized_keys',
    'local unrecognized_keys',
    'local.cpus too_small',
    'local.gpus.0 too_small',
    'place custom',
  ]);
  const root = projectWith(t, `export default ${JSON.stringify(wrong)};`);
  await assert.rejects(loadSite(root, builtIn), (error) => {
    assert.ok(Problem.is(error) && error.code === 'wrong-site');
    assert.ok(error.message.startsWith(`${root}/pipeline.config.ts does not fit:\n`));
    return /"stroe"/.test(error.message) && /must be a function[^]*place/.test(error.message);
  });
});

test('a word of a site file that is nearly one of ours is refused with the one that was meant', async () => {
  const said = async (given: unknown): Promise<string> => {
    const error: unknown = await parseSite(given, { builtIn, file: 'pipeline.config.ts' }).catch((e: unknown) => e);
    assert.ok(Problem.is(error) && error.code === 'wrong-site');
    return error.message;
  };
  assert.match(await said({ executor: 'slrum' }), /no "slrum"; did you mean "slurm"/);
  assert.match(await said({ stor: '/data' }), /no "stor"; did you mean "store"/);
  assert.match(await said({ doors: [{ ...queue, refusal: () => [] }] }), /no "refusal"; did you mean "refusals"/);
  class Queue {
    name = 'queue';
    make = make;
    hostsService = true;
  }
  assert.match(await said({ doors: [new Queue()] }), /no "hostsService"; did you mean "hostsServices"/);
});

test('an executor of the project may have fields of its own', async () => {
  const own = { ...queue, makeScript: () => '', hosts: 3 };
  assert.ok((await parseSite({ doors: [own] }, { builtIn, file: 'pipeline.config.ts' })).doors.queue);
});
