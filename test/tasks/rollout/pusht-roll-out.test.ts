import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PushT } from '../../../tasks/envs/pusht/env.ts';
import type { Policy } from '../../../tasks/models/flow-policy/policy.ts';
import type { Trace } from '../../../tasks/rollout/pusht/episode.ts';
import { noiseSeedOf, rollOut } from '../../../tasks/rollout/pusht/roll-out.ts';

test('an episode that never succeeds ends after maxSteps', () => {
  const [trace] = [
    ...rollOut(
      scripted(() => [20, 20]),
      [100000],
      13,
    ),
  ] as [Trace];
  assert.deepEqual([trace.length, trace.success], [13, false]);
  assert.deepEqual([trace.frames.length, trace.actions.length, trace.rewards.length], [14 * 18, 26, 13]);
});

test('each frame is what the policy saw before the action beside it', () => {
  const [trace] = [
    ...rollOut(
      scripted((noise) => [noise % 512, 300]),
      [7],
      20,
    ),
  ] as [Trace];
  const env = new PushT();
  let seen = env.reset({ seed: 7 });
  for (let t = 0; t < trace.length; t += 1) {
    assert.deepEqual(
      [...trace.frames.subarray(18 * t, 18 * t + 18)],
      [...Float32Array.of(...seen.agent, ...seen.keypoints)],
    );
    const step = env.step([trace.actions[2 * t] as number, trace.actions[2 * t + 1] as number]);
    assert.equal(trace.rewards[t], Math.fround(step.reward));
    seen = step.observation;
  }
});

test('the first frame stands in for frames before the start', () => {
  const policy = scripted(() => [100, 100]);
  const seen: Float32Array[] = [];
  const watched: Policy = { ...policy, act: (rows, ...rest) => (seen.push(rows.slice()), policy.act(rows, ...rest)) };
  const [trace] = [...rollOut(watched, [3], 6)] as [Trace];
  assert.deepEqual(seen[0]?.subarray(0, 18), seen[0]?.subarray(18, 36));
  assert.deepEqual(seen[1], trace.frames.slice(3 * 18, 5 * 18));
});

test('an episode does not depend on which others run beside it', () => {
  const policy = scripted((noise) => [noise % 512, (noise >>> 9) % 512]);
  const together = [...rollOut(policy, [1, 2, 3], 40)];
  const alone = [1, 2, 3].flatMap((seed) => [...rollOut(policy, [seed], 40)]);
  assert.deepEqual(together, alone);
});

test('an episode ends with its first success', () => {
  // Standing beside the goal and pushing nothing: success only where the start is already solved, so look at all the rest.
  for (const { rewards, success, length, maxReward } of rollOut(
    scripted(() => [256, 256]),
    range(20),
    50,
  )) {
    assert.equal(rewards.length, length);
    assert.equal(
      rewards.findIndex((reward) => reward === 1),
      success ? length - 1 : -1,
    );
    assert.equal(maxReward, Math.max(...rewards));
  }
});

test('an action that is not a number names the seed and the step', () => {
  const broken = scripted(() => [Number.NaN, 0]);
  assert.throws(() => [...rollOut(broken, [4], 5)], { code: 'action-not-finite', message: /step 0 of seed 4/ });
});

test('noise seeds of episodes and inferences do not repeat', () => {
  const seeds = range(200).flatMap((seed) => range(40).map((inference) => noiseSeedOf(100000 + seed, inference)));
  assert.ok(new Set(seeds).size > seeds.length - 3);
  assert.ok(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32));
});

/** A policy of two observations and four actions whose actions depend on the noise seed only. */
function scripted(action: (noiseSeed: number) => readonly [number, number]): Policy {
  return {
    obsSteps: 2,
    actionSteps: 4,
    act: (_, batch, noiseSeeds) => {
      assert.equal(noiseSeeds.length, batch);
      return Float32Array.from(noiseSeeds.flatMap((seed) => range(4).flatMap(() => action(seed))));
    },
    dispose: () => {},
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
