import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeInWords } from '../../../tasks/core/size-in-words.ts';

test('a size has two or three figures and the unit that fits', () => {
  assert.deepEqual([0, 999, 1000, 31_200, 312_000, 999_999, 1.5e9, 99.6e9, 1.87e12, 3e15, 1e18].map(sizeInWords), [
    '0 B',
    '999 B',
    '1.0 kB',
    '31 kB',
    '312 kB',
    '1.0 MB',
    '1.5 GB',
    '100 GB',
    '1.9 TB',
    '3.0 PB',
    '1000 PB',
  ]);
});
