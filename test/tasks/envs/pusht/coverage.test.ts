import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coverageOf } from '../../../../tasks/envs/pusht/coverage.ts';
import { placeTee } from '../../../../tasks/envs/pusht/geometry.ts';

const quarter = Math.PI / 4;

function coverageAt(x: number, y: number, angle: number): number {
  return coverageOf(placeTee(x, y, angle, new Float64Array(16)));
}

// Worked out by clipping the tee against upstream's goal.
const known: readonly (readonly [x: number, y: number, angle: number, coverage: number])[] = [
  [256, 256, quarter, 1],
  [257, 256, quarter, 0.973221],
  [261, 256, quarter, 0.869281],
  [256, 261, quarter, 0.869281],
  [256, 256, quarter + 0.05, 0.915787],
  [256, 256, quarter + 0.1, 0.834166],
  [266, 246, quarter - 0.2, 0.530064],
  [290, 290, quarter, 0.342461],
  [256, 300, 0, 0.167002],
];
for (const [x, y, angle, coverage] of known) {
  test(`a tee at (${x}, ${y}), ${angle.toFixed(3)} rad, covers ${coverage} of the goal`, () => {
    assert.ok(Math.abs(coverageAt(x, y, angle) - coverage) < 1e-6);
  });
}

test('a tee far away covers nothing', () => {
  assert.equal(coverageAt(1000, 1000, 0), 0);
});

test('coverage stays in [0, 1] in any pose', () => {
  const coordinate = fc.double({ min: -100, max: 600, noNaN: true });
  fc.assert(
    fc.property(coordinate, coordinate, fc.double({ min: -50, max: 50, noNaN: true }), (x, y, angle) => {
      const coverage = coverageAt(x, y, angle);
      return coverage >= 0 && coverage <= 1;
    }),
  );
});

test('a shift and the opposite shift cover the same', () => {
  const shift = fc.double({ min: -150, max: 150, noNaN: true });
  fc.assert(
    fc.property(shift, shift, (dx, dy) => {
      return Math.abs(coverageAt(256 + dx, 256 + dy, quarter) - coverageAt(256 - dx, 256 - dy, quarter)) < 1e-9;
    }),
  );
});

test('a whole turn changes nothing', () => {
  const offset = fc.double({ min: -60, max: 60, noNaN: true });
  fc.assert(
    fc.property(offset, offset, fc.double({ min: -4, max: 4, noNaN: true }), (dx, dy, angle) => {
      return (
        Math.abs(coverageAt(256 + dx, 256 + dy, angle) - coverageAt(256 + dx, 256 + dy, angle + 2 * Math.PI)) < 1e-9
      );
    }),
  );
});
