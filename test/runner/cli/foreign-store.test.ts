import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openStore } from '../../../cache/store.ts';
import { materialise } from '../../../runner/cli/results/materialise.ts';
import { readRequest } from '../../../runner/cli/runs/find-run.ts';
import { readReleased } from '../../../runner/attempt/released-ledger.ts';
import { listRuns, openLog, readEvents } from '../../../runner/log/run-log.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const evil = { $artifact: { kind: 'folder', digest: 'sha256:../../../../victim/precious', size: 1, meta: {} } };

test('a result that names files by a path is refused, and nothing is moved or written', async (t) => {
  const folder = scene(t);
  const store = await openStore(join(folder, 'store'));
  t.after(() => store.close());
  for (const value of [evil, { deep: [evil] }, { $stream: [{ key: 'a', value: evil }] }])
    await assert.rejects(materialise(store, value, join(folder, 'out')), { code: 'wrong-digest' });
  assert.deepEqual(readdirSync(folder).sort(), ['store', 'victim']);
  assert.equal(readFileSync(join(folder, 'victim', 'precious'), 'utf8'), 'precious');
});

test('whatever the keys of a list are, what is taken out lies below the place that was named', async (t) => {
  const folder = scene(t);
  const store = await openStore(join(folder, 'store'));
  t.after(() => store.close());
  writeFileSync(join(folder, 'x'), 'x');
  const { digest } = await store.putTree(join(folder, 'x'), { how: 'move' });
  const leaf = { $artifact: { kind: 'file', digest, size: 1, meta: {} } };
  const keys = ['..', '.', '', '../victim', '/etc', 'a/../../b', '../../x'];
  await materialise(store, { $stream: keys.map((key) => ({ key, value: leaf })) }, join(folder, 'deep', 'out'));
  assert.equal(readdirSync(join(folder, 'deep', 'out')).length, keys.length);
  assert.deepEqual(readdirSync(join(folder, 'deep')), ['out']);
  assert.deepEqual(readdirSync(folder).sort(), ['deep', 'store', 'victim']);
});

test('lines of logs and ledgers that lead outside are passed over', (t) => {
  const folder = scene(t);
  const log = join(folder, 'events.jsonl');
  const queued = { time: '2026-01-01T00:00:00.000Z', type: 'node-queued', address: 'a', job: 'jobs/a.1' };
  const lines = [
    queued,
    { ...queued, job: '../../victim' },
    { ...queued, job: '/etc' },
    { ...queued, fingerprint: 'sha256:../x' },
    { ...queued, time: 'yesterday' },
    { ...queued, type: 'node-failed', address: 'a', log: '../../../etc/passwd' },
  ];
  for (const line of lines) appendFileSync(log, `${JSON.stringify(line)}\n`);
  assert.deepEqual(readEvents(folder), [queued]);
  const ledger = join(folder, 'ledger.jsonl');
  appendFileSync(ledger, `${JSON.stringify({ output: 'a', key: 'k', value: 1 })}\n`);
  appendFileSync(ledger, `${JSON.stringify({ output: 'a', key: 'k', value: { x: [evil] } })}\n`);
  assert.equal(readReleased(ledger).length, 1);
});

test('a run that is a link is none, and a log that is a link is not written to', (t) => {
  const folder = scene(t);
  const runs = join(folder, 'store', 'runs');
  mkdirSync(join(runs, '0001'), { recursive: true });
  symlinkSync(join(folder, 'victim'), join(runs, '0002'));
  symlinkSync(join(folder, 'victim', 'precious'), join(runs, '0001', 'events.jsonl'));
  assert.deepEqual(listRuns(dirname(runs)), ['0001']);
  assert.throws(() => openLog(dirname(runs), '0001'), { code: 'store-leaves' });
  assert.equal(readFileSync(join(folder, 'victim', 'precious'), 'utf8'), 'precious');
});

test('what a run was started with is checked before it is used', (t) => {
  const folder = scene(t);
  for (const request of [
    null,
    [],
    {},
    { file: 3 },
    { pipeline: 'a', name: 'a', file: '/a.ts', overrides: [1], startedAt: 't' },
  ]) {
    writeFileSync(join(folder, 'run.json'), JSON.stringify(request));
    assert.throws(() => readRequest(folder), { code: 'run-unreadable' });
  }
});

function scene(t: TestContext): string {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'victim'));
  writeFileSync(join(folder, 'victim', 'precious'), 'precious');
  return folder;
}
