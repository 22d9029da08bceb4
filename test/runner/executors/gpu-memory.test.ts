import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { knownClusterOf } from '../../support/known-cluster.ts';
import { clusterRefusals, parseConfig, parseNodes } from '../../../runner/executors/slurm/queue/cluster.ts';
import { broughtAlong, withServices } from '../../../runner/executors/with-services.ts';
import { CliProject } from '../../support/cli.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const training = `
const train = task({ name: 'train', inputs: {}, outputs: { loss: z.number() }, resources: { gpus: 1, gpuMemoryGb: 80 },
  command: (_, out) => ['sh', '-c', 'echo 1 > "$0"', out.loss] });
export default pipeline('gpus', {}, () => ({ loss: train({}).loss }));
`;

/** A machine with one GPU, as `nvidia-smi` tells of it. */
function machine(t: TestContext, told: string): { project: CliProject; env: Record<string, string> } {
  const project = new CliProject(t);
  project.pipeline('gpus', training);
  const bin = tempFolder(t);
  writeFileSync(join(bin, 'nvidia-smi'), `#!/bin/sh\necho "${told}"\n`);
  chmodSync(join(bin, 'nvidia-smi'), 0o755);
  return { project, env: { PATH: `${bin}:${process.env.PATH}`, CUDA_VISIBLE_DEVICES: '0' } };
}

for (const [gpu, told] of [
  ['an A100', '0, NVIDIA A100-SXM4-80GB, 81920'],
  ['an H100, which shows less than it is called by', '0, NVIDIA H100 80GB HBM3, 81559'],
  ['an H200', '0, NVIDIA H200, 143771'],
] as const) {
  test(`a task that asks for 80 GB of GPU memory runs on ${gpu}`, async (t) => {
    const { project, env } = machine(t, told);
    const { code, stdout, stderr } = await project.run(['run', 'gpus'], env);
    assert.equal(code, 0, stdout + stderr);
  });
}

test('a GPU with less memory is refused before anything starts, with both numbers', async (t) => {
  const { project, env } = machine(t, '0, NVIDIA GeForce RTX 4090, 24564');
  const { code, stderr } = await project.run(['run', 'gpus'], env);
  assert.equal(code, 3);
  assert.match(stderr, /train: it asks for GPUs with 80 GB of memory and this machine has GPUs with 24 GB/);
});

test('where nobody says how much memory GPUs have, plan says so and it runs', async (t) => {
  const { project, env } = machine(t, '0, Graphics Device, [N/A]');
  const { code, stdout } = await project.run(['plan', 'gpus'], env);
  assert.equal(code, 0);
  assert.match(stdout, /how much those of this machine have is not known\n +say it in pipeline\.config\.ts: local/);
  assert.equal((await project.run(['run', 'gpus'], env)).code, 0);
  writeFileSync(join(project.folder, 'pipeline.config.ts'), 'export default { local: { gpuMemoryGb: 40 } };\n');
  assert.equal((await project.run(['plan', 'gpus', '--force', 'train'], env)).code, 3);
});

const cluster = {
  ...parseConfig('MaxArraySize = 1001\nSLURM_VERSION = 22.05.8'),
  nodes: parseNodes(
    [
      'n1|gpu*|up|idle|64|262144|infinite|n/a|(null)|gpu:nvidia_a100:8',
      'n2|gpu*|up|idle|64|262144|infinite|n/a|(null)|gpu:nvidia_h200:8',
      'n3|gpu*|up|idle|64|262144|infinite|n/a|(null)|gpu:l40s:4',
    ].join('\n'),
  ),
};
const site = { gpuMemoryGb: { a100: 80, h200: 141, l40s: 48 } };

test('on a cluster memory is asked for by the smallest type that has it', () => {
  const typeFor = (gpuMemoryGb: number, own: object = site) =>
    knownClusterOf(cluster, own).gpuTypeFor({ gpus: 1, gpuMemoryGb });
  assert.equal(typeFor(80), 'nvidia_a100');
  assert.equal(typeFor(100), 'nvidia_h200');
  assert.equal(typeFor(48), undefined, 'every GPU will do');
  assert.equal(typeFor(80, {}), undefined, 'nobody says what they have');
  assert.equal(typeFor(80, { gpuMemoryGb: { h200: 141 } }), 'nvidia_h200', 'one that is known to do');
});

test('what no GPU of the cluster has is refused with what there is, and what is not known is not', () => {
  assert.deepEqual(clusterRefusals(cluster, site, { gpus: 8, gpuMemoryGb: 141 }), []);
  assert.match(
    clusterRefusals(cluster, site, { gpus: 1, gpuMemoryGb: 192 })[0] ?? '',
    /GPUs with 192 GB of memory, and partition gpu has l40s \(48 GB\), nvidia_a100 \(80 GB\), nvidia_h200 \(141 GB\)/,
  );
  assert.match(clusterRefusals(cluster, site, { gpus: 16, gpuMemoryGb: 80 })[0] ?? '', /at most 8/);
  assert.deepEqual(clusterRefusals(cluster, { gpuMemoryGb: { a100: 80 } }, { gpus: 1, gpuMemoryGb: 192 }), []);
});

test('a job and its services get GPUs that do for the most demanding of them', () => {
  const job = { gpus: 1, gpuMemoryGb: 24 };
  assert.equal(withServices(job, [{ gpus: 1, gpuMemoryGb: 80 }]).gpuMemoryGb, 80);
  assert.equal(broughtAlong({ cpus: 1 }, [{ gpus: 1, gpuMemoryGb: 80 }]).gpuMemoryGb, 80);
  assert.equal(withServices({ cpus: 1, gpuMemoryGb: 80 }, [{ gpus: 1 }]).gpuMemoryGb, 80);
});
