import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Json } from '../../../../cache/canonical-json.ts';
import type { Digest } from '../../../../cache/digest.ts';
import { fingerprint } from '../../../../cache/recipe.ts';
import { openStore, type Store } from '../../../../cache/store.ts';
import { type ChosenPolicy, choosePolicy } from '../../../../runner/cli/results/best-policy.ts';
import { readRun } from '../../../../runner/cli/runs/find-run.ts';
import type { Fact } from '../../../../runner/log/events.ts';
import { pastRun } from '../../../support/past-run.ts';
import { aRecord } from '../../../support/records.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { ended } from '../../views/scene.ts';

const digestOf = (name: string): string => `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}`;
const artifactOf = (kind: string, name: string, meta: Json = {}) => ({
  $artifact: { kind, digest: digestOf(name), meta, size: 1 },
});
const policy = (name: string) => artifactOf('checkpoint', name);

/** How a policy did in some scenes. */
interface Rollout {
  readonly of: string;
  readonly rate: number;
  readonly reward?: number;
  readonly seed?: number;
  readonly episodes?: number;
}

async function recordOf(store: Store, { of, rate, reward = 0, seed = 5, episodes = 3 }: Rollout): Promise<Digest> {
  const meta = { seed, episodes, successRate: rate, meanMaxReward: reward };
  const recipe = { ...aRecord({}).recipe, task: 'rollout', inputs: { policy: policy(of), seed, episodes } };
  const outputs = { report: 'text', all: [{ summary: artifactOf('rollout-summary', `${of} ${seed}`, meta) }] };
  const record = { ...aRecord({ task: 'rollout', outputs }), recipe, fingerprint: fingerprint(recipe) };
  await store.records.set(record);
  return record.fingerprint;
}

function knownAs(known: string, i: number): Fact {
  return { type: 'node-cached', address: `node~${i}`, label: 'node', fingerprint: known, from: 'store' };
}

/** What is chosen of a run with these results, in which these rollouts took part. */
async function chosen(
  t: TestContext,
  results: Record<string, unknown>,
  ...rollouts: readonly Rollout[]
): Promise<ChosenPolicy> {
  const store = await openStore(tempFolder(t));
  t.after(() => store.close());
  const fingerprints: string[] = [];
  for (const rollout of rollouts) fingerprints.push(await recordOf(store, rollout));
  // A training gives a record as well, and that of a rollout may have been lost.
  const training = aRecord({});
  await store.records.set(training);
  const known = [...fingerprints, training.fingerprint, digestOf('lost')].map(knownAs);
  const run = pastRun(store, 'demo', [...known, ended('succeeded', results)]);
  return choosePolicy(store, readRun(store.root, run));
}

const two = { first: policy('a'), second: policy('b') };

test('the only policy of a run is chosen, among results of other kinds and in groups', async (t) => {
  const results = { report: artifactOf('html-page', 'p'), 'seed=1': { best: artifactOf('openpi-checkpoint', 'a') } };
  assert.deepEqual(await chosen(t, results), {
    name: 'seed=1.best',
    digest: digestOf('a'),
    why: 'its only policy',
  });
});

test('of several the one with the highest success rate is chosen, and it is said by how much', async (t) => {
  assert.deepEqual(await chosen(t, two, { of: 'a', rate: 0.5, reward: 9 }, { of: 'b', rate: 0.75, reward: 1 }), {
    name: 'second',
    digest: digestOf('b'),
    why: 'the best in its 3 scenes from seed 5: success rate 0.75, mean reward 1.000; first success rate 0.50, mean reward 9.000',
  });
});

test('equal success rates are told apart by the reward, and what is equal in both by the order of results', async (t) => {
  const [a, b] = ['a', 'b'].map((of) => ({ of, rate: 0.5, reward: 1 })) as [Rollout, Rollout];
  assert.equal((await chosen(t, two, a, b)).name, 'first');
  assert.equal((await chosen(t, two, a, { ...b, reward: 2 })).name, 'second');
});

test('only scenes in which all of them were rolled out count', async (t) => {
  const rollouts = [
    { of: 'a', rate: 1, seed: 1 },
    { of: 'a', rate: 0.2, seed: 2 },
    { of: 'b', rate: 0.3, seed: 2 },
    { of: 'b', rate: 0, seed: 2, episodes: 50 },
    { of: 'c', rate: 0.9, seed: 2 },
  ];
  const { name, why } = await chosen(t, two, ...rollouts);
  assert.equal(name, 'second');
  assert.match(why, /^the best in its 3 scenes from seed 2: success rate 0\.30/);
});

test('policies that were not compared in the same scenes are named, one of which a person must choose', async (t) => {
  await assert.rejects(chosen(t, two, { of: 'a', rate: 1, seed: 1 }, { of: 'b', rate: 1, seed: 2 }), {
    code: 'which-policy',
    message: 'Run 0001 of demo has several policies that were not compared.',
    hint: 'pipeline serve demo:first\npipeline serve demo:second',
  });
});

test('a run without a policy is told with the results that it has', async (t) => {
  const results = { score: 1, report: artifactOf('html-page', 'p') };
  await assert.rejects(chosen(t, results), { code: 'no-policy', hint: 'Its results: score, report.' });
  await assert.rejects(chosen(t, {}), { code: 'no-policy', hint: 'Its results: none.' });
});
