import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grid, range } from '../../../pipelines/core/grid.ts';

test('a grid has every combination, the last axis fastest', () => {
  assert.deepEqual(grid({ a: [1, 2], b: ['x', 'y'] }), [
    { a: 1, b: 'x' },
    { a: 1, b: 'y' },
    { a: 2, b: 'x' },
    { a: 2, b: 'y' },
  ]);
});

test('a grid without axes is one empty cell, and with an empty axis it has none', () => {
  assert.deepEqual(grid({}), [{}]);
  assert.deepEqual(grid({ a: [], b: [1] }), []);
});

test('a range counts from zero', () => {
  assert.deepEqual(range(3), [0, 1, 2]);
});
