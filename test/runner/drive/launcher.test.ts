import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import pino from 'pino';
import { z } from 'zod';
import type { NodeRecord } from '../../../cache/records.ts';
import { Attempts } from '../../../runner/attempt/attempts.ts';
import { type Launch, Launcher } from '../../../runner/drive/launcher.ts';
import type { QueuedNode } from '../../../runner/drive/queued-nodes.ts';
import type { KeyedCall } from '../../../runner/keys/keyed-call.ts';
import { Submissions } from '../../../runner/log/submissions.ts';
import { noTries } from '../../../runner/log/tries.ts';
import { Services } from '../../../runner/services/services.ts';
import { isWhole } from '../../../runner/values/cache-hit.ts';
import { endpoint, service, task } from '../../../tasks/core/task.ts';
import { eventually } from '../../support/eventually.ts';
import { IdleExecutor } from '../../support/idle-executor.ts';
import { only } from '../../support/only.ts';
import { PassScene } from '../../support/pass-scene.ts';

const int = z.int();
const work = task({
  name: 'work',
  inputs: { cpus: int, n: int.default(0) },
  outputs: { score: int },
  resources: ({ cpus }) => ({ cpus }),
  command: () => ['x'],
});
const server = service({
  name: 'server',
  inputs: {},
  ready: { line: /up/, withinSeconds: 10 },
  command: (_, port) => ['serve', `${port}`],
});
const ask = task({
  name: 'ask',
  inputs: { server: endpoint },
  outputs: { answer: int },
  command: ({ server: { url } }) => ['ask', url],
});

/** A launcher with real leases, records, services and job folders, whose executor starts nothing. */
class LaunchScene {
  readonly pass: PassScene;
  readonly executor: IdleExecutor;
  readonly services: Services;
  readonly launcher: Launcher;
  /** What an earlier driver left. */
  formerJob: string | undefined;
  outdated: boolean | undefined = false;

  static async open(t: TestContext, wanted: unknown, how: LaunchOptions = {}): Promise<LaunchScene> {
    const scene = new LaunchScene(how.pass ?? (await PassScene.open(t, wanted, how)), new IdleExecutor(how));
    t.after(() => scene.services.stopAll());
    return scene;
  }

  private constructor(pass: PassScene, executor: IdleExecutor) {
    const { store, log: run, journal, graph, leases } = pass;
    const code = { entry: '', root: store.root, points: [], graph: graph.digest };
    const shared = { store, code, run, emit: journal.emit.bind(journal) };
    const owned = only(executor);
    this.services = new Services({
      ...shared,
      executors: owned,
      cancel: () => {},
      changed: () => {},
      isLoss: () => false,
    });
    const executors = this.services.watched(owned);
    const diagnostics = pino({ level: 'silent' });
    const attempts = new Attempts({ ...shared, executors, diagnostics, report: () => {}, isOurs: () => true });
    this.pass = pass;
    this.executor = executor;
    this.launcher = new Launcher({
      queue: pass.pass.queue,
      leases,
      records: store.records,
      executors,
      services: this.services,
      fitted: async (_, record) => (isWhole(store, record) ? record : undefined),
      isOutdated: async () => this.outdated,
      formerJob: async () => this.formerJob,
      attempts,
    });
  }

  async queue(address: string, more: Partial<QueuedNode> = {}): Promise<KeyedCall> {
    const call = await this.pass.call(address);
    this.pass.pass.queue.add({ call, reason: 'a test', isForced: false, attempt: 1, tries: noTries, ...more });
    return call;
  }

  /** What became of the queue, as `started work`. */
  async launch(): Promise<string[]> {
    return (await this.launches()).map(({ is, node }) => `${is} ${node.call.instance.address}`);
  }

  async launches(): Promise<Launch[]> {
    const launches: Launch[] = [];
    for await (const launch of this.launcher.launch()) launches.push(launch);
    return launches;
  }

  /** The labels of the jobs that its executor got. */
  get jobs(): string[] {
    return this.executor.jobs.map(({ label }) => label);
  }
}

interface LaunchOptions {
  readonly cpus?: number;
  readonly beside?: PassScene;
  readonly pass?: PassScene;
  readonly secondsOf?: (address: string) => number | undefined;
}

function recordOf({ fingerprint, recipe, instance }: KeyedCall, score: NodeRecord['outputs'][string] = 7): NodeRecord {
  const at = '2026-01-01T00:00:00.000Z';
  const provenance = { run: '0001', node: instance.label, host: 'here', startedAt: at, finishedAt: at };
  return {
    format: 1,
    fingerprint,
    recipe,
    outputs: { score },
    provenance: { ...provenance, seconds: 1, attempts: 1 },
  };
}

test('a node that does not fit lets smaller ones go first, and starts when there is room', async (t) => {
  const seconds: Record<string, number> = { work: 9, 'work~2': 5, 'work~3': 1 };
  const works = [work({ cpus: 2 }), work({ cpus: 4 }), work({ cpus: 1 })].map(({ score }) => score);
  const scene = await LaunchScene.open(t, works, { cpus: 4, secondsOf: (address) => seconds[address] });
  for (const address of ['work', 'work~2', 'work~3']) await scene.queue(address);
  assert.deepEqual(await scene.launch(), ['started work', 'started work~3']);
  for (const job of scene.executor.jobs) scene.executor.free(job);
  assert.deepEqual(await scene.launch(), ['started work~2']);
});

test('a node that can never fit is refused with the reason, and takes no lease', async (t) => {
  const scene = await LaunchScene.open(t, work({ cpus: 8 }), { cpus: 4 });
  const { fingerprint } = await scene.queue('work');
  const [launch] = await scene.launches();
  assert.ok(launch?.is === 'refused');
  assert.match(String(launch.error), /work cannot run here: it asks for 8 cores of 4/);
  assert.deepEqual([scene.pass.pass.queue.length, scene.pass.leases.has(fingerprint)], [0, false]);
});

test('a node that another run has is awaited and told once, and taken as known when that run has made it', async (t) => {
  const other = await PassScene.open(t, work({ cpus: 1 }));
  const scene = await LaunchScene.open(t, work({ cpus: 1 }), { beside: other });
  const call = await scene.queue('work');
  other.leases.take(call.fingerprint);
  const [awaited] = await scene.launches();
  assert.ok(awaited?.is === 'awaited');
  assert.match(awaited.owner, /^run 0001 \(/);
  assert.deepEqual(await scene.launch(), []);

  await other.store.records.set(recordOf(call));
  other.leases.release(call.fingerprint);
  assert.deepEqual(await scene.launch(), ['known work']);
  assert.deepEqual(scene.jobs, []);
  assert.deepEqual([scene.pass.pass.queue.length, other.leases.take(call.fingerprint)], [0, true]);
});

test('a node that another run gave up is started', async (t) => {
  const other = await PassScene.open(t, work({ cpus: 1 }));
  const scene = await LaunchScene.open(t, work({ cpus: 1 }), { beside: other });
  const { fingerprint } = await scene.queue('work');
  other.leases.take(fingerprint);
  assert.deepEqual(await scene.launch(), ['awaited work']);
  other.leases.release(fingerprint);
  assert.deepEqual(await scene.launch(), ['started work']);
  assert.equal(other.leases.take(fingerprint), false);
});

test('a forced node takes no result that was there before', async (t) => {
  const scene = await LaunchScene.open(t, work({ cpus: 1 }));
  const call = await scene.queue('work', { isForced: true });
  await scene.pass.store.records.set(recordOf(call));
  assert.deepEqual(await scene.launch(), ['started work']);
});

test('a forced node takes the result that another run made while it waited', async (t) => {
  const other = await PassScene.open(t, work({ cpus: 1 }));
  const scene = await LaunchScene.open(t, work({ cpus: 1 }), { beside: other });
  const call = await scene.queue('work', { isForced: true });
  other.leases.take(call.fingerprint);
  assert.deepEqual(await scene.launch(), ['awaited work']);
  await other.store.records.set(recordOf(call));
  other.leases.release(call.fingerprint);
  assert.deepEqual(await scene.launch(), ['known work']);
});

test('a result whose files are not in the store is none', async (t) => {
  const scene = await LaunchScene.open(t, work({ cpus: 1 }));
  const call = await scene.queue('work');
  const digest = `sha256:${'0'.repeat(64)}`;
  await scene.pass.store.records.set(recordOf(call, { $artifact: { kind: 'model', digest, size: 1, meta: {} } }));
  assert.deepEqual(await scene.launch(), ['started work']);
});

test('an attempt after running out of memory asks for what its tries say', async (t) => {
  const scene = await LaunchScene.open(t, work({ cpus: 1 }));
  await scene.queue('work', { attempt: 2, tries: { ...noTries, resources: { cpus: 3, memoryGb: 8 } } });
  await scene.launch();
  assert.deepEqual(scene.executor.jobs[0]?.resources, { cpus: 3, memoryGb: 8 });
});

test('a job that cannot be handed over leaves the queue, and its lease is kept for who decides', async (t) => {
  const scene = await LaunchScene.open(t, work({ cpus: 1 }));
  const { fingerprint } = await scene.queue('work');
  scene.executor.broken = new Error('no more processes');
  const [launch] = await scene.launches();
  assert.ok(launch?.is === 'not-started');
  assert.match(String(launch.error), /no more processes/);
  assert.deepEqual([scene.pass.pass.queue.length, scene.pass.leases.has(fingerprint)], [0, true]);
});

test('a job that an earlier driver left is taken over where there is no room for another', async (t) => {
  const pass = await PassScene.open(t, [work({ cpus: 4 }).score, work({ cpus: 4, n: 1 }).score]);
  const { fingerprint } = await pass.call('work~2');
  new Submissions(pass.store.root).write({
    format: 3,
    executor: 'local',
    fingerprint,
    token: 'work.0123.1.beef',
    name: 'stet-work',
    run: pass.log.run,
    address: 'work~2',
    label: 'work n=1',
    attempt: 1,
    folder: join(pass.log.folder, 'jobs', 'work~2.1'),
    resources: { cpus: 4 },
    resuming: false,
    tries: noTries,
  });
  const scene = await LaunchScene.open(t, [], { pass, cpus: 4 });
  await scene.queue('work');
  await scene.queue('work~2');
  assert.deepEqual(await scene.launch(), ['started work', 'started work~2']);
  assert.deepEqual([scene.jobs.length, scene.executor.adopted.map(({ token }) => token)], [1, ['work.0123.1.beef']]);
});

test('a service is started by the run that has its consumer, and by no other', async (t) => {
  const other = await PassScene.open(t, work({ cpus: 1 }));
  const scene = await LaunchScene.open(t, ask({ server: server({}) }), { beside: other });
  scene.pass.pass.dataflow.finish('server', scene.services.promise(await scene.pass.call('server')));
  const { fingerprint } = await scene.queue('ask');
  other.leases.take(fingerprint);
  assert.deepEqual(await scene.launch(), ['awaited ask']);
  assert.deepEqual(scene.jobs, []);
  other.leases.release(fingerprint);
  assert.deepEqual(await scene.launch(), []);
  assert.deepEqual([scene.jobs, scene.pass.leases.has(fingerprint)], [['server'], true]);
});

test('a consumer waits until its service is up, and is told where it is', async (t) => {
  const scene = await LaunchScene.open(t, ask({ server: server({}) }));
  scene.pass.pass.dataflow.finish('server', scene.services.promise(await scene.pass.call('server')));
  await scene.queue('ask');
  assert.deepEqual([await scene.launch(), await scene.launch(), scene.jobs], [[], [], ['server']]);

  writeFileSync(join(scene.executor.jobs[0]?.folder ?? '', 'log.txt'), 'up\n');
  await eventually('the service is up', () => scene.pass.told.includes('service-ready server'));
  assert.deepEqual(await scene.launch(), ['started ask']);
  assert.deepEqual(scene.executor.jobs[1]?.command.args, ['ask', scene.pass.last('service-ready').url]);
});

test('a consumer of a service that has failed is skipped because of it, and takes no lease', async (t) => {
  const scene = await LaunchScene.open(t, ask({ server: server({}) }));
  scene.pass.pass.dataflow.finish('server', scene.services.promise(await scene.pass.call('server')));
  const { fingerprint } = await scene.queue('ask');
  scene.services.giveUp('server', { code: 'cancelled-on-request', message: 'Somebody ended it.' });
  const [launch] = await scene.launches();
  assert.ok(launch?.is === 'skipped');
  assert.deepEqual([launch.because, scene.pass.leases.has(fingerprint), scene.jobs], ['server', false, []]);
});

test('a node waits until the job of an earlier driver is gone, and is told to wait once', async (t) => {
  const scene = await LaunchScene.open(t, work({ cpus: 1 }));
  await scene.queue('work');
  scene.formerJob = 'train.py (process 7)';
  assert.deepEqual([await scene.launch(), await scene.launch()], [['awaited work'], []]);
  scene.formerJob = undefined;
  assert.deepEqual(await scene.launch(), ['started work']);
});

test('a node whose recipe no longer holds does not start; one that is being looked at waits', async (t) => {
  const scene = await LaunchScene.open(t, work({ cpus: 1 }));
  await scene.queue('work');
  scene.outdated = undefined;
  assert.deepEqual(await scene.launch(), []);
  scene.outdated = true;
  assert.deepEqual([await scene.launch(), scene.jobs, scene.pass.pass.queue.length], [['outdated work'], [], 0]);
});
