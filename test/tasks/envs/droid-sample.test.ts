import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { armAt, fingerLength, jointsFor, placed, type Vector } from '../../../tasks/envs/droid-sample/arm.ts';
import { Canvas } from '../../../tasks/envs/droid-sample/canvas.ts';
import { simulate } from '../../../tasks/envs/droid-sample/episode.ts';
import { arcCosine, cosine, direction, sine } from '../../../tasks/envs/droid-sample/trigonometry.ts';

const angle = fc.double({ min: -20, max: 20, noNaN: true });
const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;

test('angles are those of Math to a billionth', () => {
  fc.assert(fc.property(angle, (a) => near(sine(a), Math.sin(a)) && near(cosine(a), Math.cos(a))));
  fc.assert(fc.property(angle, angle, (y, x) => near(direction(y, x), Math.atan2(y + 0, x + 0))));
  fc.assert(
    fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (c) => Math.abs(arcCosine(c) - Math.acos(c)) < 1e-7),
  );
});

test('the arm reaches where its joints are computed for, its hand pointing down', () => {
  const place = fc.tuple(
    fc.double({ min: 0.35, max: 0.6, noNaN: true }),
    fc.double({ min: -0.28, max: 0.28, noNaN: true }),
    fc.double({ min: 0, max: 0.25, noNaN: true }),
  );
  fc.assert(
    fc.property(place, fc.double({ min: -1, max: 1, noNaN: true }), (wanted, turn) => {
      const { flange } = armAt(jointsFor(wanted, turn));
      const tip: Vector = placed(flange, [0, 0, fingerLength]);
      assert.ok(
        tip.every((value, axis) => near(value, wanted[axis] as number)),
        `${tip} for ${wanted}`,
      );
      assert.ok(near(flange.axes[2][2], -1));
    }),
  );
});

test('about five in six episodes are successes, and their mean length is the one asked for', () => {
  const episodes = Array.from({ length: 80 }, (_, index) => simulate({ seed: 1, meanSteps: 120, index }));
  const successes = episodes.filter(({ success }) => success).length;
  const mean = episodes.reduce((sum, { steps }) => sum + steps, 0) / episodes.length;
  assert.ok(successes > 54 && successes < 78, `${successes} of 80`);
  assert.ok(Math.abs(mean - 120) < 15, `${mean} steps`);
});

test('an episode depends on its index and seed, not on how many there are', () => {
  const plan = { meanSteps: 80, index: 3 };
  assert.deepEqual(simulate({ ...plan, seed: 1 }), simulate({ ...plan, seed: 1 }));
  assert.notDeepEqual(simulate({ ...plan, seed: 1 }).columns, simulate({ ...plan, seed: 2 }).columns);
});

test('a polygon paints the pixels whose centres it holds, and none beside the picture', () => {
  const canvas = new Canvas(8, 6);
  canvas.paint(
    [
      [-5, 1],
      [3, 1],
      [3, 4],
      [-5, 4],
    ],
    [255, 0, 0],
  );
  const painted = Array.from({ length: 6 }, (_, y) =>
    Array.from({ length: 8 }, (_, x) => (canvas.rgb[3 * (y * 8 + x)] ? '#' : '.')).join(''),
  );
  assert.deepEqual(painted, ['........', '###.....', '###.....', '###.....', '........', '........']);
});
