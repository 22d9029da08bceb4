import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Listing } from '../../../../../runner/executors/slurm/queue/listing.ts';
import { queueRow } from '../../../../support/queue-row.ts';

for (const length of [1, 8, 9, 100]) {
  test(`of an array of ${length} each element is found, in whatever order it is listed, and no other`, () => {
    const rows = Array.from({ length }, (_, index) => queueRow({ name: 'x', index })).reverse();
    const listing = new Listing([...rows, queueRow({ name: 'y' })]);
    const indices = rows.map(({ index }) => listing.find({ name: 'x', index })?.index);
    assert.deepEqual(
      indices,
      rows.map(({ index }) => index),
    );
    assert.equal(listing.find({ name: 'x', index: length }), undefined);
    assert.equal(listing.find({ name: 'x' }), undefined);
  });
}

test('a job is found by its name, whatever its id', () => {
  const listing = new Listing([queueRow({ name: 'x', id: '1' })]);
  assert.equal(listing.find({ name: 'x', id: '2' })?.id, '1');
  assert.deepEqual([listing.has('x'), listing.has('y')], [true, false]);
});
