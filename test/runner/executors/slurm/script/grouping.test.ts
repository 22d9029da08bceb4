import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grouped } from '../../../../../runner/executors/slurm/script/grouping.ts';
import { jobLike } from '../../../../support/slurm-job.ts';

const jobs = (count: number, more: Parameters<typeof jobLike>[0] = {}) =>
  Array.from({ length: count }, (_, i) => jobLike({ token: `t${i}`, ...more }));
const sizes = (groups: ReturnType<typeof grouped>) => groups.map((packs) => packs.map((pack) => pack.length));

test('equal jobs are one array, and others another', () => {
  const mixed = [...jobs(3), ...jobs(2, { resources: { gpus: 1 } })];
  assert.deepEqual(sizes(grouped(mixed, { arraySize: 1000, packed: 1 })), [
    [1, 1, 1],
    [1, 1],
  ]);
});

test('an array is split where the cluster allows no longer one', () => {
  assert.deepEqual(
    grouped(jobs(2000), { arraySize: 300, packed: 1 }).map((packs) => packs.length),
    [300, 300, 300, 300, 300, 300, 200],
  );
});

test('small jobs are packed; what needs a GPU, a warning or shared outputs stays alone', () => {
  assert.deepEqual(sizes(grouped(jobs(5), { arraySize: 10, packed: 2 })), [[2, 2, 1]]);
  assert.deepEqual(sizes(grouped(jobs(2, { resources: { gpus: 1 } }), { arraySize: 10, packed: 2 })), [[1, 1]]);
  assert.deepEqual(sizes(grouped(jobs(2, { shared: { work: '/w', epoch: 1 } }), { arraySize: 10, packed: 2 })), [
    [1, 1],
  ]);
});

test('jobs with other secrets are no elements of one array', () => {
  assert.equal(
    grouped([...jobs(1, { secrets: { A: '1' } }), ...jobs(1, { secrets: { A: '2' } })], { arraySize: 9, packed: 1 })
      .length,
    2,
  );
});
