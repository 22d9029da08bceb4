import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import type { Door } from '../../../runner/executors/door.ts';
import { preflight } from '../../../runner/plan/preflight.ts';
import type { Session } from '../../../runner/project/session.ts';
import { parseSite } from '../../../runner/site/load-site.ts';
import { builtIn } from '../../../runner/site/registry.ts';
import { endpoint, program, type Resources, service, task } from '../../../tasks/core/task.ts';
import { Rig } from '../../support/rig.ts';

const int = z.int();
const plenty = { cpus: 1000, gpus: 1000, memoryGb: 1000 };

/** An executor that refuses a job which asks for more than it has, cores included. */
function executorWith(name: string, has: Required<Pick<Resources, 'cpus' | 'gpus' | 'memoryGb'>>): Door {
  const tooMuch = (asked: Resources) =>
    (['cpus', 'gpus', 'memoryGb'] as const)
      .filter((what) => (asked[what] ?? 0) > has[what])
      .map((what) => ({ what: `${asked[what]} ${what} of ${has[what]}`, advice: 'Ask for less.' }));
  return {
    name,
    make: () => Promise.reject(new Error('nothing is started here')),
    refusals: async (asked) => asked.map(tooMuch),
  };
}

async function sessionOf(t: TestContext, build: () => unknown, site: Record<string, unknown>): Promise<Session> {
  const rig = await Rig.start(t);
  return { ...(await rig.session(build)), site: await parseSite(site, { builtIn, file: 'pipeline.config.ts' }) };
}

/** What is lacking where the first of these executors gets the jobs. */
async function lacksOn(t: TestContext, doors: readonly Door[], build: () => unknown): Promise<string[]> {
  return told(await sessionOf(t, build, { doors, executor: doors[0]?.name }));
}

async function told(session: Session, how: Parameters<typeof preflight>[1] = {}): Promise<string[]> {
  const lacks = await preflight(session, how);
  return lacks.map(({ label, what }) => `${label}: ${what}`);
}

const server = service({
  name: 'server',
  inputs: {},
  ready: { http: '/', withinSeconds: 1 },
  resources: { cpus: 2, gpus: 2, memoryGb: 6 },
  command: () => ['true'],
});
const ask = task({
  name: 'ask',
  inputs: { server: endpoint },
  outputs: { n: int },
  resources: { cpus: 2, gpus: 1, memoryGb: 4 },
  command: () => ['true'],
});

const fetch = task({ name: 'fetch', inputs: {}, outputs: { data: int }, command: () => ['true'] });

test('a job is held against what there is together with the services beside it, save for cores where those are hosted', async (t) => {
  const small = executorWith('small', { cpus: 3, gpus: 2, memoryGb: 8 });
  const build = () => ask({ server: server({}) });
  const together = ['ask: 3 gpus of 2', 'ask: 10 memoryGb of 8'];
  assert.deepEqual(await lacksOn(t, [{ ...small, hostsServices: true }], build), together);
  assert.deepEqual(await lacksOn(t, [small], build), ['ask: 4 cpus of 3', ...together]);
});

test('GPUs of two types in one job are told with what else is lacking; where services are hosted they are none', async (t) => {
  const main = executorWith('main', { ...plenty, cpus: 2 });
  const build = () => [
    ask({ server: server({}, { resources: { gpuType: 'h100' } }) }, { resources: { gpuType: 'a100' } }).n,
    fetch({}, { resources: { cpus: 3 } }).data,
  ];
  const other = 'fetch: 3 cpus of 2';
  assert.deepEqual((await lacksOn(t, [main], build)).sort(), [
    'ask: it and its services run in one job there, and ask for GPUs of types a100 and h100',
    other,
  ]);
  assert.deepEqual(await lacksOn(t, [{ ...main, hostsServices: true }], build), [other]);
});

test('a job that the site sends to this machine finds its services hosted there', async (t) => {
  const session = await sessionOf(t, () => ask({ server: server({}) }), {
    doors: [executorWith('away', plenty)],
    executor: 'away',
    local: { memoryGb: 5, gpus: [0, 1, 2] },
    place: ({ task }: { task: string }) => (task === 'ask' ? 'local' : undefined),
  });
  assert.deepEqual(await told(session), ['ask: it asks for 10 GB of memory and this machine has 5 GB']);
});

test('an executor is asked once for all of its jobs, and for those of no other', async (t) => {
  const looks: string[] = [];
  const counted = (name: string): Door => ({
    ...executorWith(name, plenty),
    refusals: async (asked) => {
      looks.push(`${name}: ${asked.map(({ cpus }) => cpus).join(' ')}`);
      return asked.map(() => []);
    },
  });
  const step = task({ name: 'step', inputs: { n: int }, outputs: { n: int }, command: () => ['true'] });
  const build = () => [1, 2, 3].map((n) => step({ n }, { label: `step ${n}`, resources: { cpus: n } }).n);
  const session = await sessionOf(t, build, {
    doors: ['main', 'other', 'idle'].map(counted),
    executor: 'main',
    place: ({ resources }: { resources: Resources }) => (resources.cpus === 2 ? 'other' : undefined),
  });
  assert.deepEqual(await told(session), []);
  assert.deepEqual(looks.sort(), ['main: 1 3', 'other: 2']);
  looks.length = 0;
  await told(session, { executor: 'local' });
  assert.deepEqual(looks, [], 'on this machine alone');
});

test('what a node needs is asked with the inputs that no other task makes, defaults filled in', async (t) => {
  const train = task({
    name: 'train',
    inputs: { data: z.unknown(), weights: z.string(), steps: int.default(10) },
    outputs: { n: int },
    needs: (known) => [{ advice: 'Get it.', missing: async () => JSON.stringify(known) }],
    command: () => ['true'],
  });
  const session = await sessionOf(t, () => train({ data: fetch({}).data, weights: 'here' }), {});
  assert.deepEqual(await preflight(session), [
    {
      address: 'train',
      label: 'train',
      what: '{"weights":"here","steps":10}',
      advice: 'Get it.',
      isForLooking: undefined,
    },
  ]);
});

test('resources that hang on what does not exist yet are not asked for, save those of the call itself', async (t) => {
  const train = task({
    name: 'train',
    inputs: { rows: z.array(int), gpus: int },
    outputs: { n: int },
    resources: ({ rows, gpus }) => ({ gpus, memoryGb: rows.length }),
    command: () => ['true'],
  });
  const list = task({ name: 'list', inputs: {}, outputs: { rows: z.array(int) }, command: () => ['true'] });
  const build = () => [
    train({ rows: [1, 2], gpus: 7 }, { label: 'known' }).n,
    train({ rows: list({}).rows, gpus: 8 }, { label: 'unknown' }).n,
    train({ rows: list({}).rows, gpus: 9 }, { label: 'told', resources: { cpus: 3 } }).n,
  ];
  assert.deepEqual(await lacksOn(t, [executorWith('small', { cpus: 2, gpus: 1, memoryGb: 1 })], build), [
    'known: 7 gpus of 1',
    'known: 2 memoryGb of 1',
    'told: 3 cpus of 2',
  ]);
});

test('a program that is missing here says nothing of an executor whose site prepares what its jobs find', async (t) => {
  const prepared: Door<{ modules: string[] }> = {
    ...executorWith('prepared', plenty),
    site: z.object({ modules: z.array(z.string()).default([]) }),
    isSetUp: ({ modules }) => modules.length > 0,
  };
  const render = task({
    name: 'render',
    inputs: { at: z.string() },
    outputs: { n: int },
    needs: [program('no-such-program', 'Install it.')],
    command: () => ['true'],
  });
  const build = () => ['here', 'there'].map((at) => render({ at }, { label: at }).n);
  const site = {
    doors: [prepared, executorWith('plain', plenty)],
    executor: 'prepared',
    place: ({ label }: { label: string }) => (label === 'here' ? 'plain' : undefined),
  };
  const isMissing = (...labels: string[]) => labels.map((label) => `${label}: no-such-program is not on PATH`);
  const bare = await sessionOf(t, build, site);
  assert.deepEqual(await told(bare), isMissing('here', 'there'));
  const setUp = await sessionOf(t, build, { ...site, executors: { prepared: { modules: ['python'] } } });
  assert.deepEqual(await told(setUp), isMissing('here'));
  assert.deepEqual(await told(setUp, { executor: 'local' }), isMissing('here', 'there'));
});

test('a secret that is not set is lacking, for a task and for a service', async (t) => {
  const secrets = ['STET_TEST_NOT_SET', 'PATH'];
  const upload = task({
    name: 'upload',
    inputs: { to: endpoint },
    outputs: { n: int },
    secrets,
    command: () => ['true'],
  });
  const hub = service({
    name: 'hub',
    inputs: {},
    ready: { http: '/', withinSeconds: 1 },
    secrets: ['STET_TEST_NOT_SET_EITHER'],
    command: () => ['true'],
  });
  assert.deepEqual(await lacksOn(t, [executorWith('main', plenty)], () => upload({ to: hub({}) })), [
    'hub: STET_TEST_NOT_SET_EITHER is not set in the environment',
    'upload: STET_TEST_NOT_SET is not set in the environment',
  ]);
});

test('a service cannot take the endpoint of another, which is told at the one that gives it', async (t) => {
  const front = service({
    name: 'front',
    inputs: { behind: endpoint },
    ready: { http: '/', withinSeconds: 1 },
    command: () => ['true'],
  });
  const build = () => ask({ server: front({ behind: server({}) }) });
  assert.deepEqual(await lacksOn(t, [{ ...executorWith('main', plenty), hostsServices: true }], build), [
    'server: the service front takes its endpoint, and only tasks can',
  ]);
});

test('a job on several nodes can talk to a service only where services are hosted', async (t) => {
  const build = () => ask({ server: server({}) }, { resources: { nodes: 2 } });
  const main = executorWith('main', plenty);
  assert.deepEqual(await lacksOn(t, [main], build), [
    'server: a service runs beside one program, and ask runs on several nodes',
  ]);
  assert.deepEqual(await lacksOn(t, [{ ...main, hostsServices: true }], build), []);
});

test('all that is lacking is told at once, and of some nodes only what those lack', async (t) => {
  const train = task({
    name: 'train',
    inputs: { data: int },
    outputs: { n: int },
    resources: { gpus: 64 },
    needs: [program('no-such-program', 'Install it.')],
    secrets: ['STET_TEST_NOT_SET'],
    command: () => ['true'],
  });
  const build = () => [
    train({ data: fetch({}, { resources: { memoryGb: 9000 } }).data }).n,
    ask({ server: server({}) }, { resources: { nodes: 2 } }).n,
  ];
  const session = await sessionOf(t, build, {
    doors: [executorWith('main', { ...plenty, gpus: 8 })],
    executor: 'main',
  });
  const ofFetch = ['fetch: 9000 memoryGb of 1000'];
  assert.deepEqual((await told(session)).sort(), [
    ...ofFetch,
    'server: a service runs beside one program, and ask runs on several nodes',
    'train: 64 gpus of 8',
    'train: STET_TEST_NOT_SET is not set in the environment',
    'train: no-such-program is not on PATH',
  ]);
  assert.deepEqual(await told(session, { only: new Set(['fetch', 'ask']) }), ofFetch);
});
