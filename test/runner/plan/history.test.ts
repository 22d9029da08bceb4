import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fingerprint, type Recipe } from '../../../cache/recipe.ts';
import type { NodeRecord } from '../../../cache/records.ts';
import { openStore, type Store } from '../../../cache/store.ts';
import type { KeyedCall } from '../../../runner/keys/keyed-call.ts';
import type { Fact } from '../../../runner/log/events.ts';
import { History } from '../../../runner/plan/history.ts';
import { pastRun } from '../../support/past-run.ts';
import { aRecord } from '../../support/records.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function storeOf(t: TestContext): Promise<Store> {
  const store = await openStore(tempFolder(t));
  t.after(() => store.close());
  return store;
}

const recipe: Recipe = { format: 1, task: 'train', inputs: { steps: 20 }, outputs: { score: 'value' } };

function callOf(more: Partial<Recipe> = {}): KeyedCall {
  const changed = { ...recipe, ...more };
  const instance = { address: 'train', label: 'train' };
  return { instance, recipe: changed, fingerprint: fingerprint(changed) } as KeyedCall;
}

/** Put on record as the result of a call, in some run. */
async function known(store: Store, call: KeyedCall, more: Partial<NodeRecord['provenance']> = {}): Promise<void> {
  const record = { ...aRecord({}), recipe: call.recipe, fingerprint: call.fingerprint };
  await store.records.set({ ...record, provenance: { ...record.provenance, node: 'train', ...more } });
}

const queued = ({ fingerprint: is }: KeyedCall): Fact => ({
  type: 'node-queued',
  address: 'train',
  label: 'train',
  task: 'train',
  fingerprint: is,
  attempt: 1,
  reason: '',
  job: 'jobs/train.1',
});
const finished = (seconds = 1): Fact => ({
  type: 'node-finished',
  address: 'train',
  fingerprint: `sha256:${'0'.repeat(64)}`,
  seconds,
  changed: true,
});
const failed = (code: string): Fact => ({
  type: 'node-failed',
  address: 'train',
  label: 'train',
  attempt: 1,
  seconds: 1,
  failure: { code, message: '' },
  willRetry: false,
});

test('what no run knows never ran before', async (t) => {
  assert.equal(await new History(await storeOf(t), 'demo').reason(callOf()), 'it never ran before');
});

test('what an earlier run came to is the reason', async (t) => {
  const call = callOf();
  for (const [facts, reason] of [
    [[queued(call), failed('exit-code')], 'it failed before'],
    [[queued(call)], 'it did not end before'],
    [[queued(call), failed('cancelled')], 'it did not end before'],
    [[queued(call), failed('exit-code'), queued(call), finished()], 'its result is no longer in the store'],
  ] as const) {
    const store = await storeOf(t);
    pastRun(store, 'demo', facts);
    assert.equal(await new History(store, 'demo').reason(call), reason);
  }
});

test('the newest run with the same recipe says why', async (t) => {
  const store = await storeOf(t);
  pastRun(store, 'demo', [queued(callOf()), failed('exit-code')]);
  pastRun(store, 'demo', [queued(callOf()), finished()]);
  assert.equal(await new History(store, 'demo').reason(callOf()), 'its result is no longer in the store');
});

test('what differs from the last result is told', async (t) => {
  const store = await storeOf(t);
  await known(store, callOf());
  pastRun(store, 'demo', [queued(callOf()), finished()]);
  const history = new History(store, 'demo');
  assert.equal(await history.reason(callOf({ inputs: { steps: 40 } })), 'input steps 20 -> 40');
  assert.equal(
    await history.reason(callOf({ inputs: { steps: 40 }, env: { MODE: 'fast' } })),
    'input steps 20 -> 40; env MODE absent -> "fast"',
  );
});

test('a node whose runs all came to nothing has no earlier result', async (t) => {
  const store = await storeOf(t);
  pastRun(store, 'demo', [queued(callOf()), failed('exit-code')]);
  assert.equal(await new History(store, 'demo').reason(callOf({ version: '2' })), 'it has no earlier result');
});

test('a command that only repeats what an input explains is not told, and any other is', async (t) => {
  const store = await storeOf(t);
  await known(store, callOf({ command: ['train', '20'] }));
  pastRun(store, 'demo', [queued(callOf({ command: ['train', '20'] })), finished()]);
  const history = new History(store, 'demo');
  const both = callOf({ command: ['train', '40'], inputs: { steps: 40 } });
  assert.equal(await history.reason(both), 'input steps 20 -> 40');
  assert.equal(await history.reason(callOf({ command: ['train', '40'] })), 'command changed: 20 -> 40');
});

test('of many files of its code a few are named', async (t) => {
  const store = await storeOf(t);
  const codeOf = (files: number, digest: string): KeyedCall =>
    callOf({ code: Object.fromEntries(Array.from({ length: files }, (_, i) => [`${i}.ts`, digest])) });
  for (const files of [3, 4]) await known(store, codeOf(files, 'old'));
  pastRun(store, 'demo', [queued(codeOf(3, 'old')), finished()]);
  const all = 'code of 0.ts changed; code of 1.ts changed; code of 2.ts changed';
  assert.equal(await new History(store, 'demo').reason(codeOf(3, 'new')), all);
  pastRun(store, 'demo', [queued(codeOf(4, 'old')), finished()]);
  const few = 'code of 0.ts changed; code of 1.ts changed; 2 more files of its code changed';
  assert.equal(await new History(store, 'demo').reason(codeOf(4, 'new')), few);
});

test('a node of the same name in another pipeline is compared with, and its failures are of no matter', async (t) => {
  const store = await storeOf(t);
  pastRun(store, 'other', [queued(callOf()), failed('exit-code')]);
  assert.equal(await new History(store, 'demo').reason(callOf()), 'it never ran before');
  await known(store, callOf({ inputs: { steps: 10 } }));
  assert.equal(await new History(store, 'demo').reason(callOf()), 'input steps 10 -> 20');
  await known(store, callOf({ inputs: { steps: 10 } }), { node: 'train seed=2' });
  assert.equal(await new History(store, 'demo').reason(callOf()), 'it never ran before');
});

test('the run that asks is no earlier run', async (t) => {
  const store = await storeOf(t);
  const run = pastRun(store, 'demo', [queued(callOf()), failed('exit-code')]);
  await known(store, callOf({ inputs: { steps: 10 } }), { run });
  assert.equal(await new History(store, 'demo', run).reason(callOf()), 'it never ran before');
});

test('five runs of the pipeline are looked at, and no older one', async (t) => {
  const store = await storeOf(t);
  pastRun(store, 'demo', [queued(callOf()), finished(60)]);
  for (let i = 0; i < 4; i += 1) pastRun(store, 'demo', []);
  for (let i = 0; i < 5; i += 1) pastRun(store, 'other', []);
  assert.equal(new History(store, 'demo').secondsOf('train'), 60);
  pastRun(store, 'demo', []);
  const history = new History(store, 'demo');
  assert.deepEqual([history.secondsOf('train'), await history.reason(callOf())], [undefined, 'it never ran before']);
});

test('a node is said to take as long as it took the last time that it ended well', async (t) => {
  const store = await storeOf(t);
  pastRun(store, 'demo', [queued(callOf()), finished(60)]);
  pastRun(store, 'demo', [queued(callOf()), finished(90)]);
  pastRun(store, 'demo', [queued(callOf()), failed('exit-code')]);
  assert.equal(new History(store, 'demo').secondsOf('train'), 90);
});

test('the result before is the newest that is on record still', async (t) => {
  const store = await storeOf(t);
  const [older, newer] = [callOf({ inputs: { steps: 1 } }), callOf({ inputs: { steps: 2 } })];
  await known(store, older);
  pastRun(store, 'demo', [queued(older), finished()]);
  pastRun(store, 'demo', [queued(newer), finished()]);
  const history = new History(store, 'demo');
  assert.equal((await history.before(callOf()))?.fingerprint, older.fingerprint);
  await known(store, newer);
  assert.equal((await history.before(callOf()))?.fingerprint, newer.fingerprint);
});
