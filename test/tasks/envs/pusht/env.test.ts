import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { packageRoot } from '../../../../tasks/core/package-root.ts';
import { drawState, PushT, type PushTState } from '../../../../tasks/envs/pusht/env.ts';

const farAway: PushTState = [256, 256, 100, 100, 0];

// [position, velocity] on one axis after env steps 1..8, from rest at 256 towards 356.
const pusherWay = [
  [285.5672, 374.1477],
  [317.5911, 261.0712],
  [336.7619, 141.9954],
  [346.7002, 71.0487],
  [351.5765, 34.3294],
  [353.912, 16.3254],
  [355.018, 7.7054],
  [355.539, 3.6237],
] as const;

test('the pusher follows its target as the PD controller has it', () => {
  const env = new PushT();
  env.reset({ state: [256, 450, 100, 100, 0], stateIs: 'origin' });
  for (const [position, velocity] of pusherWay) {
    const { observation } = env.step([356, 450]);
    assertNear([observation.agent[0], env.pusherVelocity[0]], [position, velocity], 1e-4);
  }
});

// seed: pusher, requested tee position, angle; the origin after the angle is set.
const draws: readonly (readonly [
  seed: number,
  state: PushTState,
  originX: number,
  originY: number,
  wrapped: number,
])[] = [
  [0, [222, 97, 217, 292, 3.007999468], 222.993827, 381.599036, 3.007999],
  [1, [87, 285, 172, 355, -6.595749753], 158.162507, 357.180334, 5.970621],
  [7, [225, 246, 125, 167, -3.374700242], 135.395098, 255.782896, 2.908485],
  [42, [152, 398, 370, 206, -0.164237225], 362.642506, 206.605549, 6.118948],
  [1000, [137, 121, 292, 351, -9.646811771], 301.909628, 439.895322, 2.919559],
  [10000, [190, 103, 396, 102, -0.991076904], 358.352263, 122.349485, 5.292108],
  [12000, [205, 121, 381, 129, -0.007060862], 380.682264, 129.001122, 6.276124],
  [100000, [235, 124, 335, 128, -0.904927428], 299.612885, 145.201581, 5.378258],
];
for (const [seed, state, x, y, wrapped] of draws) {
  test(`seed ${seed} starts where upstream starts`, () => {
    assertNear(drawState(seed), state, 1e-8);
    const { agent, blockPose } = new PushT().reset({ seed });
    assertNear([...agent, ...blockPose], [state[0], state[1], x, y, wrapped], 1e-5);
  });
}

test('a requested state turns the tee about its centre of gravity, as the documented example', () => {
  const { blockPose } = new PushT().reset({ state: [0, 10, 20, 30, 1], stateIs: 'requested' });
  // The example is printed in single precision.
  assertNear(blockPose, [57.866196, 50.686398, 1], 4e-6);
});

test("an origin state puts the tee's origin where it says", () => {
  const { blockPose, keypoints } = new PushT().reset({ state: [50, 60, 200, 220, 7], stateIs: 'origin' });
  assertNear(blockPose, [200, 220, 7 - 2 * Math.PI], 1e-9);
  assertNear([...keypoints.subarray(0, 2)], [200 - 60 * Math.cos(7), 220 - 60 * Math.sin(7)], 1e-9);
});

test('goes where Chipmunk goes, walls and tight corners included', () => {
  const env = new PushT();
  let current = -1;
  for (const [seed, targetX, targetY, contacts, ...state] of chipmunkRuns()) {
    if (seed !== current) env.reset({ seed });
    current = seed;
    const steps = Array.from({ length: 8 }, () => env.step([targetX, targetY]));
    const { agent, blockPose } = (steps.at(-1) as (typeof steps)[0]).observation;
    const [px, py, x, y, angle] = state as unknown as PushTState;
    const turn = blockPose[2] - angle;
    assertNear([...agent, blockPose[0], blockPose[1]], [px, py, x, y], 1e-6);
    assertNear([Math.sin(turn), Math.cos(turn)], [0, 1], 1e-7);
    assert.equal(
      steps.reduce((sum, step) => sum + step.contacts, 0),
      contacts,
    );
  }
});

test('success is coverage strictly above 0.95, and the reward is capped', () => {
  const env = new PushT();
  env.reset({ state: [50, 450, 256, 256, Math.PI / 4], stateIs: 'origin' });
  const { coverage, reward, success } = env.step([50, 450]);
  assertNear([coverage, reward], [1, 1], 1e-12);
  assert.ok(success && reward <= 1);
  env.reset({ state: [50, 450, 256, 256, Math.PI / 4 + 0.05], stateIs: 'origin' });
  const near = env.step([50, 450]);
  assert.equal(near.success, false);
  assertNear([near.reward], [0.963987], 1e-6);
});

test('the pusher passes through walls and is not clipped', () => {
  const env = new PushT();
  env.reset({ state: farAway, stateIs: 'origin' });
  for (let i = 0; i < 30; i += 1) env.step([700, 256]);
  assertNear(env.observe().agent, [700, 256], 1e-3);
});

test('the tee stays where it is when nothing touches it', () => {
  const env = new PushT();
  const { keypoints } = env.reset({ state: farAway, stateIs: 'origin' });
  const { observation, contacts } = env.step([300, 300]);
  assert.deepEqual(observation.keypoints, keypoints);
  assert.equal(contacts, 0);
});

test('the tee does not coast when the pusher leaves it', () => {
  const env = new PushT();
  env.reset({ state: [200, 100, 200, 200, 0], stateIs: 'origin' });
  for (let i = 0; i < 5; i += 1) env.step([200, 260]);
  for (let i = 0; i < 10; i += 1) env.step([200, 100]);
  const before = env.observe().blockPose;
  assert.ok(before[1] > 210);
  env.step([200, 100]);
  assert.deepEqual(env.observe().blockPose, before);
});

test('a tee that is pushed but not squeezed stays inside the walls', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 359 }), fc.integer({ min: -20, max: 20 }), (degrees, aside) => {
      const [dx, dy] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      const along = (way: number): [number, number] => [256 + dx * way - dy * aside, 256 + dy * way + dx * aside];
      const env = new PushT();
      env.reset({ state: [...along(-180), 256, 215, 0], stateIs: 'origin' });
      for (let way = -180; way < 104; way += 2) env.step(along(way));
      return env.observe().keypoints.every((value) => value > 6.5 && value < 504.5);
    }),
    { numRuns: 40 },
  );
});

test('a tee that reaches into a wall is eased out of it', () => {
  const angle = fc.double({ min: -4, max: 4, noNaN: true });
  fc.assert(
    fc.property(angle, fc.double({ min: 0, max: 1.5, noNaN: true }), (turn, depth) => {
      const env = new PushT();
      const { keypoints } = env.reset({ state: [450, 450, 256, 256, turn], stateIs: 'origin' });
      const left = Math.min(...keypoints.filter((_, i) => i % 2 === 0));
      env.reset({ state: [450, 450, 256 + 7 - left - depth, 256, turn], stateIs: 'origin' });
      for (let i = 0; i < 60; i += 1) env.step([450, 450]);
      // What remains is the slop of 0.1 units that contacts are left with.
      return env.observe().keypoints.every((value) => value > 7 - 0.11);
    }),
    { numRuns: 40 },
  );
});

test('same seed and same actions give the same bytes, also in a used environment', () => {
  const used = new PushT();
  play(used, 5);
  assert.deepEqual(play(used, 9), play(new PushT(), 9));
});

test('a pose from the middle of an episode goes on as the episode did', () => {
  const env = new PushT();
  env.reset({ state: [200, 150, 200, 200, 0.3], stateIs: 'origin' });
  for (let i = 0; i < 4; i += 1) env.step([230, 290]);
  const { agent, blockPose } = env.observe();
  const resumed = new PushT();
  resumed.reset({ state: [...agent, ...blockPose], stateIs: 'origin', pusherVelocity: env.pusherVelocity });
  assertNear(resumed.step([230, 290]).observation.blockPose, env.step([230, 290]).observation.blockPose, 1e-3);
});

function play(env: PushT, seed: number): Float64Array[] {
  env.reset({ seed });
  return Array.from(
    { length: 60 },
    (_, i) => env.step([256 + 150 * Math.sin(i / 5), 256 + 150 * Math.cos(i / 7)]).observation.keypoints,
  );
}

/** Runs of pymunk 6.9.0 (Chipmunk 7.0.3): each line is eight env steps towards one target, a seed's lines follow each other. */
function chipmunkRuns(): [number, number, number, number, ...number[]][] {
  const text = readFileSync(join(packageRoot(), 'test/tasks/envs/pusht/chipmunk-runs.csv'), 'utf8');
  const lines = text.trim().split('\n').slice(1);
  return lines.map((line) => line.split(',').map(Number) as [number, number, number, number, ...number[]]);
}

function assertNear(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  const distances = Array.from(expected, (value, i) => Math.abs(value - (found[i] as number)));
  const text = `${Array.from(found)} should be within ${tolerance} of ${Array.from(expected)}`;
  assert.ok(found.length === expected.length && distances.every((distance) => distance <= tolerance), text);
}
