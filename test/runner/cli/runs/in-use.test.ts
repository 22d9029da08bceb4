import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { collectGarbage } from '../../../../cache/collect.ts';
import type { Digest } from '../../../../cache/digest.ts';
import { acquireLock } from '../../../../cache/lock.ts';
import { openStore, type Store } from '../../../../cache/store.ts';
import { freeableLines } from '../../../../runner/cli/runs/freeable.ts';
import { inUse, newestRuns } from '../../../../runner/cli/runs/in-use.ts';
import { sweepLeft } from '../../../../runner/cli/runs/left-outputs.ts';
import { noTries } from '../../../../runner/log/tries.ts';
import { Submissions } from '../../../../runner/log/submissions.ts';
import { aRecord } from '../../../support/records.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const longAgo = '2026-01-01T00:00:00Z';
const fingerprint = `sha256:${'5'.repeat(64)}`;

test('what a live run released or took from the store survives a collection, however long ago it last said something', async (t) => {
  const { store, tree } = await scene(t);
  const record = aRecord({});
  await store.records.set(record);
  logOf(store, '0001', { host: hostname(), pid: process.pid }, [
    { type: 'item-released', address: 'train', output: 'checkpoints', key: '1', digest: await tree('weights') },
    { type: 'item-released', address: 'train', output: 'checkpoints', key: '2', inner: [await tree('inner')] },
    { type: 'node-cached', address: 'data', label: 'data', fingerprint: record.fingerprint, from: 'store' },
  ]);
  await collect(store);
  for (const text of ['weights', 'inner']) assert.equal(store.hasTree(await tree(text)), true, text);
  assert.ok(await store.records.get(record.fingerprint));
});

test('of a run whose driver is gone, what its jobs on a cluster released survives', async (t) => {
  const { store, tree } = await scene(t);
  const digest = await tree('weights');
  logOf(store, '0001', { host: hostname(), pid: 2 ** 22 + 1 }, [
    { type: 'item-released', address: 'train', output: 'checkpoints', key: '1', digest },
  ]);
  new Submissions(store.root).write({
    ...{
      format: 3,
      executor: 'slurm',
      fingerprint,
      token: 't',
      name: 'n',
      run: '0001',
      address: 'train',
      label: 'train',
    },
    ...{ attempt: 1, folder: join(store.root, 'runs', '0001', 'jobs', 'train.1'), resources: {}, resuming: false },
    tries: noTries,
  });
  await collect(store);
  assert.equal(store.hasTree(digest), true);
});

test('items in the ledger of a task that goes on later survive', async (t) => {
  const { store, tree } = await scene(t);
  const digest = await tree('weights');
  const work = join(store.root, 'work', fingerprint.slice(7));
  mkdirSync(work);
  const value = { $artifact: { kind: 'folder', digest, size: 7, meta: {} } };
  appendFileSync(join(work, 'released.jsonl'), `${JSON.stringify({ output: 'a', key: 'k', value })}\n`);
  await collect(store);
  assert.equal(store.hasTree(digest), true);
});

test('what a run of long ago released and nobody needs goes', async (t) => {
  const { store, tree } = await scene(t);
  const digest = await tree('weights');
  logOf(store, '0001', { host: hostname(), pid: process.pid }, [
    { type: 'item-released', address: 'train', output: 'checkpoints', key: '1', digest },
    { type: 'run-finished', run: '0001', status: 'failed', counts: {}, seconds: 1, results: {} },
  ]);
  await collect(store);
  assert.equal(store.hasTree(digest), false);
});

test('a place in tmp that a living process has is left alone', async (t) => {
  const { store } = await scene(t);
  for (const name of ['serve-1', 'serve-2']) mkdirSync(join(store.root, 'tmp', name));
  const lock = acquireLock(join(store.root, 'locks'), 'serve-1', { owner: 'serve' });
  t.after(() => lock?.release());
  await collect(store);
  assert.deepEqual(
    ['serve-1', 'serve-2'].map((name) => existsSync(join(store.root, 'tmp', name))),
    [true, false],
  );
});

test('outputs of failed attempts go after their time, with their logs kept, and never those of a live run', async (t) => {
  const { store } = await scene(t);
  const finished = { type: 'run-finished', status: 'failed', counts: {}, seconds: 1, results: {} };
  logOf(store, '0001', { host: hostname(), pid: process.pid }, [{ ...finished, run: '0001' }]);
  logOf(store, '0002', { host: hostname(), pid: process.pid }, []);
  const job = (run: string, path: string): string => join(store.root, 'runs', run, 'jobs', 'train.1', path);
  const left = ['out.model/weights', 'in.data/x', 'scratch/y', 'core', 'service.0/in.model/w'];
  const kept = ['log.txt', 'job.sh', 'exit.json', 'service.0/log.txt'];
  for (const run of ['0001', '0002']) for (const path of [...left, ...kept]) write(job(run, path), '12345');
  const work = join(store.root, 'work', fingerprint.slice(7));
  write(join(work, 'out', 'state'), '12345');

  const options = { inUse: inUse(store.root, Date.now()), dryRun: false };
  assert.deepEqual(sweepLeft(store.root, { ...options, failedBefore: Date.now() - 60_000 }), { count: 0, bytes: 0 });
  const later = { ...options, failedBefore: Date.now() + 60_000 };
  assert.deepEqual(sweepLeft(store.root, { ...later, dryRun: true }), { count: 2, bytes: 30 });
  assert.ok(existsSync(job('0001', 'out.model')));
  assert.deepEqual(sweepLeft(store.root, later), { count: 2, bytes: 30 });
  for (const path of left) assert.equal(existsSync(job('0001', path)), false, path);
  for (const path of kept) assert.ok(existsSync(job('0001', path)), path);
  for (const path of [...left, ...kept]) assert.ok(existsSync(job('0002', path)), path);
  assert.equal(existsSync(work), false);
});

test('a work that a run of late used, or that somebody has locked, stays', async (t) => {
  const { store } = await scene(t);
  const work = join(store.root, 'work', fingerprint.slice(7));
  write(join(work, 'out', 'state'), '12345');
  const failedBefore = Date.now() + 60_000;
  const sweep = (): unknown =>
    sweepLeft(store.root, { inUse: inUse(store.root, Date.now() - 1000), failedBefore, dryRun: false });
  const lock = acquireLock(join(store.root, 'locks'), fingerprint, { owner: 'a run' });
  sweep();
  assert.ok(existsSync(work));
  lock?.release();
  const now = new Date().toISOString();
  logOf(store, '0001', { host: hostname(), pid: 2 ** 22 + 1 }, [
    {
      type: 'node-queued',
      address: 'a',
      label: 'a',
      task: 'a',
      attempt: 1,
      reason: '',
      job: 'jobs/a.1',
      fingerprint,
      time: now,
    },
  ]);
  sweep();
  assert.ok(existsSync(work));
});

test('of each pipeline the last runs keep what they used, however long ago they were, and others do not', async (t) => {
  const { store } = await scene(t);
  const ended = (run: string) => ({
    type: 'run-finished',
    run,
    status: 'succeeded',
    counts: {},
    seconds: 1,
    results: {},
  });
  const records = [1, 2, 3].map((seed) => aRecord({ seed }));
  await store.records.set(...records);
  for (const [i, { fingerprint: used }] of records.entries()) {
    const run = `000${i + 1}`;
    const cached = { type: 'node-cached', address: 'a', label: 'a', fingerprint: used, from: 'store' };
    logOf(store, run, { host: hostname(), pid: process.pid }, [cached, ended(run)], i === 0 ? 'other' : 'p');
  }
  const { fingerprints } = inUse(store.root, Infinity, { also: newestRuns(store.root, 1) });
  await collectGarbage(store, { keep: fingerprints, dryRun: false, minAgeSeconds: -1 });
  const left = await store.records.getMany(records.map((record) => record.fingerprint));
  assert.deepEqual(
    left.map((record) => record !== undefined),
    [true, false, true],
  );
});

test('whoever has no room is told how much each way of collecting would free, the run that just ended included', async (t) => {
  const { store } = await scene(t);
  logOf(store, '0001', { host: hostname(), pid: process.pid }, []);
  write(join(store.root, 'runs', '0001', 'jobs', 'train.1', 'out.model'), 'x'.repeat(2000));
  const lines = await freeableLines(store, '0001', '/data/my store');
  assert.match(
    lines.join('\n'),
    /2\.0 kB left by 1 failed attempt: pipeline cache collect --failed-older-than 0 --store '\/data\/my store'/,
  );
});

async function scene(t: TestContext): Promise<{ store: Store; tree: (text: string) => Promise<Digest> }> {
  const folder = tempFolder(t);
  const store = await openStore(join(folder, 'store'));
  t.after(() => store.close());
  const tree = async (text: string): Promise<Digest> => {
    writeFileSync(join(folder, 'made'), text);
    const { digest } = await store.putTree(join(folder, 'made'), { how: 'move' });
    return digest;
  };
  return { store, tree };
}

/** With nothing young enough to be spared for its age. */
async function collect(store: Store): Promise<void> {
  const { fingerprints, trees } = inUse(store.root, Date.now() - 1000);
  await collectGarbage(store, { keep: fingerprints, keepTrees: trees, dryRun: false, minAgeSeconds: -1 });
  store.forget();
}

function logOf(
  store: Store,
  run: string,
  where: { host: string; pid: number },
  facts: readonly object[],
  pipeline = 'p',
): void {
  const folder = join(store.root, 'runs', run);
  mkdirSync(folder, { recursive: true });
  const started = {
    type: 'run-started',
    format: 1,
    run,
    pipeline,
    params: {},
    graph: 'g',
    nodes: [],
    resumed: false,
  };
  const lines = [
    { ...started, ...where, time: new Date().toISOString() },
    ...facts.map((fact) => ({ time: longAgo, ...fact })),
  ];
  appendFileSync(join(folder, 'events.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  utimesSync(path, 1, 1);
}
