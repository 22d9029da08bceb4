import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LegacyRandom } from '../../../../tasks/envs/pusht/random.ts';

// numpy.random.RandomState(0): three randint(50, 450), then two randn().
test('draws what numpy draws after the same seed', () => {
  const random = new LegacyRandom(0);
  assert.deepEqual([random.integer(50, 450), random.integer(50, 450), random.integer(100, 400)], [222, 97, 217]);
});

// numpy.random.RandomState(5).randn(4) and .rand(2)
test("gives gaussians in numpy's order, pairs included", () => {
  const random = new LegacyRandom(5);
  const drawn = [
    random.gaussian(),
    random.gaussian(),
    random.gaussian(),
    random.gaussian(),
    random.uniform(),
    random.uniform(),
  ];
  const expected = [
    0.44122748688504143, -0.33087015189408764, 2.43077118700778, -0.2520921296030769, 0.7659078564803156,
    0.5184179878729432,
  ];
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs((drawn[i] as number) - value) < 1e-14, `${i}: ${drawn[i]}`);
});

test('goes on past its first block of 624 words', () => {
  const random = new LegacyRandom(1);
  let last = 0;
  for (let i = 0; i < 1000; i += 1) last = random.uniform();
  assert.equal(last, 0.7744772660150796);
});

test('a range of one number gives that number', () => {
  assert.equal(new LegacyRandom(3).integer(7, 8), 7);
});
