import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownCluster } from '../../../../../runner/executors/slurm/queue/known-cluster.ts';
import { jobLike } from '../../../../support/slurm-job.ts';

const node = {
  name: 'n1',
  partition: 'gpu',
  isDefault: true,
  isUp: true,
  state: 'idle',
  cpus: 8,
  memoryMb: 1024,
  gpus: [{ type: 'nvidia_h100_80gb', count: 2 }],
  features: [],
  limitSeconds: undefined,
  usualSeconds: undefined,
};
const cluster = { version: '24.11', arraySize: 40, rememberedSeconds: 300, hasAccounting: true, nodes: [node] };

test('a cluster of which nobody told refuses nothing and is taken to be as usual', () => {
  const known = new KnownCluster({});
  const job = jobLike({ resources: { gpus: 64, gpuType: 'h100' } });
  assert.deepEqual([known.isKnown, known.arraySize, known.hasAccounting], [false, 1000, false]);
  assert.equal(known.refusal(job.resources), undefined);
  assert.equal(known.spelled(job), job);
});

test('once it is known it refuses what it has not, and spells GPU types its own way', () => {
  const known = new KnownCluster({});
  known.learn(cluster);
  assert.deepEqual([known.isKnown, known.arraySize, known.hasAccounting], [true, 40, true]);
  assert.match(known.refusal({ gpus: 64 }) ?? '', /64 GPUs/);
  const job = jobLike({ resources: { gpus: 1, gpuType: 'h100' } });
  assert.deepEqual(known.spelled(job).resources, { gpus: 1, gpuType: 'nvidia_h100_80gb' });
  assert.equal(job.resources.gpuType, 'h100');
});

test('where GPUs have no types none is asked for', () => {
  const known = new KnownCluster({});
  known.learn({ ...cluster, nodes: [{ ...node, gpus: [{ type: undefined, count: 2 }] }] });
  assert.deepEqual(known.spelled(jobLike({ resources: { gpus: 1, gpuType: 'h100' } })).resources, { gpus: 1 });
});
