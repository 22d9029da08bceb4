import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Digest } from '../../../cache/digest.ts';
import { recordOf } from '../../../runner/drive/run-facts.ts';
import type { KeyedCall } from '../../../runner/keys/keyed-call.ts';
import { noTries } from '../../../runner/log/tries.ts';
import { lookUp, type Verdict } from '../../../runner/plan/look-up.ts';
import type { Output } from '../../../runner/values/output.ts';
import { task, uncounted } from '../../../tasks/core/task.ts';
import { PassScene } from '../../support/pass-scene.ts';

const int = z.int();
/** Calls that differ in `at` alone are the same. */
const train = task({
  name: 'train',
  inputs: { seed: int, at: uncounted(z.string().default('/here')) },
  outputs: { n: int },
  command: () => ['x'],
});

/** Looks calls up in turn, and takes the first that runs for the owner of its fingerprint. */
async function verdictsOn(scene: PassScene, addresses: readonly string[], forced?: string): Promise<Verdict[]> {
  const calls: KeyedCall[] = [];
  for (const address of addresses) calls.push(await scene.call(address));
  const owners = new Map<Digest, string>();
  const verdicts: Verdict[] = [];
  for await (const [call, verdict] of lookUp(calls, {
    store: scene.store,
    history: scene.history,
    isForced: ({ instance }) => instance.address === forced,
    ownerOf: (fingerprint) => owners.get(fingerprint),
  })) {
    if (verdict.is === 'run') owners.set(call.fingerprint, call.instance.address);
    verdicts.push(verdict);
  }
  return verdicts;
}

async function remember(scene: PassScene, address: string, output: Output = { value: 7 }): Promise<void> {
  const ended = { attempt: 1, seconds: 1, tries: noTries };
  await scene.store.records.set(recordOf(await scene.call(address), { n: output }, ended, '0000'));
}

test('what is on record is a hit, and what is not runs with its reason', async (t) => {
  const scene = await PassScene.open(t, [train({ seed: 1 }).n, train({ seed: 2 }).n]);
  await remember(scene, 'train');
  const [hit, run] = await verdictsOn(scene, ['train', 'train~2']);
  assert.ok(hit?.is === 'hit');
  assert.deepEqual(hit.record.outputs, { n: 7 });
  assert.deepEqual(run, { is: 'run', isForced: false, reason: 'it never ran before' });
});

test('of equal calls that are looked up together the first runs, and the others take what it gives', async (t) => {
  const scene = await PassScene.open(
    t,
    ['/a', '/b', '/c'].map((at) => train({ seed: 1, at }).n),
  );
  const verdicts = await verdictsOn(scene, ['train', 'train~2', 'train~3']);
  assert.deepEqual(
    verdicts.map((verdict) => (verdict.is === 'shared' ? verdict.owner : verdict.is)),
    ['run', 'train', 'train'],
  );
});

test('a record whose files are gone is said to be damaged', async (t) => {
  const scene = await PassScene.open(t, train({ seed: 1 }));
  const gone = { kind: 'model', digest: `sha256:${'0'.repeat(64)}`, path: '', meta: {}, size: 1 };
  await remember(scene, 'train', { value: gone });
  assert.deepEqual(await verdictsOn(scene, ['train']), [
    { is: 'run', isForced: false, reason: 'its stored result is damaged' },
  ]);
});

test('what is forced runs whatever is known of it, and its equals take what it gives', async (t) => {
  const scene = await PassScene.open(
    t,
    ['/a', '/b'].map((at) => train({ seed: 1, at }).n),
  );
  await remember(scene, 'train');
  assert.deepEqual(await verdictsOn(scene, ['train', 'train~2'], 'train'), [
    { is: 'run', isForced: true, reason: 'it was asked for with --force' },
    { is: 'shared', owner: 'train' },
  ]);
});

test('a record of an older version, which says nothing of types, is checked once and is a hit', async (t) => {
  const scene = await PassScene.open(t, train({ seed: 1 }).n);
  await remember(scene, 'train');
  const { fingerprint } = await scene.call('train');
  const { types, ...older } = (await scene.store.records.get(fingerprint)) ?? assert.fail('it is not on record');
  await scene.store.records.set(older);
  const [hit] = await verdictsOn(scene, ['train']);
  assert.ok(hit?.is === 'hit');
  assert.deepEqual((await scene.store.records.get(fingerprint))?.types, types);
});

test('a record of an older version whose value does not fit the type of today is a miss', async (t) => {
  const scene = await PassScene.open(t, train({ seed: 1 }).n);
  await remember(scene, 'train', { value: 'seven' });
  const { types: _, ...older } =
    (await scene.store.records.get((await scene.call('train')).fingerprint)) ?? assert.fail('it is not on record');
  await scene.store.records.set(older);
  const [verdict] = await verdictsOn(scene, ['train']);
  assert.match(verdict?.is === 'run' ? verdict.reason : '', /its stored output n does not fit its type/);
});
