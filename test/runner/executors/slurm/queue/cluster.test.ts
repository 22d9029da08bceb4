import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Cluster,
  clusterRefusals,
  gresType,
  parseConfig,
  parseNodes,
} from '../../../../../runner/executors/slurm/queue/cluster.ts';

const nodes = parseNodes(
  [
    'n1|gpu*|up|idle|64|262144|1-00:00:00|1:00:00|ib,a100|gpu:nvidia_h100_80gb_hbm3:8(S:0-1)',
    'n2|gpu*|up|mixed|64|262144|1-00:00:00|1:00:00|ib|gpu:nvidia_h100_80gb_hbm3:4,shard:4',
    'n3|cpu|up|down*|16|65536|infinite|n/a|(null)|(null)',
  ].join('\n'),
);
const cluster: Cluster = {
  ...parseConfig(
    'MaxArraySize = 1001\nMinJobAge = 300 sec\nSLURM_VERSION = 24.11.5\nAccountingStorageType = accounting_storage/slurmdbd',
  ),
  nodes,
};

test('nodes, GPUs and limits are read from sinfo and scontrol', () => {
  assert.deepEqual(
    [cluster.arraySize, cluster.rememberedSeconds, cluster.hasAccounting, cluster.version],
    [1000, 300, true, '24.11.5'],
  );
  assert.deepEqual(nodes[1]?.gpus, [{ type: 'nvidia_h100_80gb_hbm3', count: 4 }]);
  assert.deepEqual([nodes[0]?.limitSeconds, nodes[0]?.usualSeconds, nodes[2]?.usualSeconds], [86_400, 3600, undefined]);
});

test('what some node can run is not refused', () => {
  assert.deepEqual(clusterRefusals(cluster, {}, { gpus: 8, gpuType: 'h100', cpus: 64, memoryGb: 256, hours: 24 }), []);
  assert.deepEqual(clusterRefusals(cluster, {}, { gpus: 8, nodes: 2 }), []);
  assert.deepEqual(clusterRefusals(cluster, { partition: 'cpu' }, { hours: 1000 }), []);
});

test('what no node can ever run is refused, with all reasons', () => {
  const reasons = clusterRefusals(cluster, {}, { gpus: 9, cpus: 65, memoryGb: 300, hours: 25 });
  assert.equal(reasons.length, 4);
  assert.match(reasons[0] ?? '', /9 GPUs on a node, and nodes of partition gpu have at most 8/);
  assert.match(clusterRefusals(cluster, {}, { gpus: 1, gpuType: 'b200' })[0] ?? '', /type b200.*nvidia_h100/);
  assert.match(
    clusterRefusals(cluster, {}, { gpus: 12, nodes: 2 })[0] ?? '',
    /2 nodes with all of that at once.*has 1/,
  );
  assert.match(clusterRefusals(cluster, {}, { gpus: 3, nodes: 2 })[0] ?? '', /same number/);
  assert.match(clusterRefusals(cluster, { partition: 'none' }, {})[0] ?? '', /no partition none, but cpu, gpu/);
});

test('a GPU type is spelled as the cluster spells it', () => {
  assert.equal(gresType(cluster, {}, 'h100'), 'nvidia_h100_80gb_hbm3');
  assert.equal(gresType(cluster, { partition: 'cpu' }, 'h100'), undefined);
});

test('a slice of a GPU is no GPU of its type, unless it is named as a slice', () => {
  const sliced = parseNodes('n1|gpu*|up|idle|64|262144|infinite|n/a|(null)|gpu:a100_1g.5gb:7,gpu:a100:3');
  const own = { ...cluster, nodes: sliced };
  assert.equal(gresType(own, {}, 'a100'), 'a100');
  assert.equal(gresType(own, {}, '1g.5gb'), 'a100_1g.5gb');
  assert.deepEqual(clusterRefusals(own, {}, { gpus: 3, gpuType: 'a100' }), []);
  assert.match(clusterRefusals(own, {}, { gpus: 4, gpuType: 'a100' })[0] ?? '', /at most 3/);
  assert.deepEqual(clusterRefusals(own, {}, { gpus: 7, gpuType: '1g.5gb' }), []);
});

test('where arrays are taken away, or have room for one element, jobs go one by one', () => {
  const sizes = ['0', '1', '2', '1001', '(null)'].map(
    (size) => parseConfig(`MaxArraySize            = ${size}`).arraySize,
  );
  assert.deepEqual(sizes, [1, 1, 1, 1000, 1000]);
});
