import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gpuCheckText } from '../../../../../runner/executors/slurm/script/gpu-check-text.ts';
import { tempFolder } from '../../../../support/temp-folder.ts';

interface Node {
  /** What `nvidia-smi -L` says there; undefined where there is none. */
  readonly listed?: string;
  readonly visible?: string;
  readonly onNode?: number;
}

/** Whether a node is taken for one that has so many GPUs. */
function isFit(t: TestContext, asked: number, { listed, visible, onNode }: Node): boolean {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'bin'));
  if (listed !== undefined) {
    writeFileSync(join(folder, 'bin', 'nvidia-smi'), `#!/bin/sh\ncat <<'END'\n${listed}\nEND\n`);
    chmodSync(join(folder, 'bin', 'nvidia-smi'), 0o755);
  }
  const text = [`here=${folder} on_node=1 copy=0`, ...gpuCheckText(asked), 'exit 0'].join('\n');
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', text], {
    encoding: 'utf8',
    env: {
      PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
      ...(visible === undefined ? {} : { CUDA_VISIBLE_DEVICES: visible }),
      ...(onNode === undefined ? {} : { SLURM_GPUS_ON_NODE: String(onNode) }),
    },
  });
  assert.ok(status === 0 || status === 95, stdout + stderr);
  return status === 0;
}

const whole = (index: number): string => `GPU ${index}: NVIDIA A100 (UUID: GPU-${index})`;
const slice = (index: number): string => `  MIG 1g.5gb     Device  ${index}: (UUID: MIG-${index})`;

test('two slices of one GPU are two, and three would be too many', (t) => {
  const node = { listed: [whole(0), slice(0), slice(1)].join('\n'), onNode: 2 };
  assert.equal(isFit(t, 2, { ...node, visible: 'MIG-0,MIG-1' }), true);
  assert.equal(isFit(t, 3, { ...node, onNode: 3, visible: 'MIG-0,MIG-1,MIG-2' }), false);
});

test('a whole GPU beside one that is cut counts as well', (t) => {
  const listed = [whole(0), slice(0), slice(1), whole(1)].join('\n');
  assert.equal(isFit(t, 3, { listed, onNode: 3 }), true);
});

test('a node that has lost a GPU is doubted', (t) => {
  assert.equal(isFit(t, 2, { listed: whole(0), visible: '0,1', onNode: 2 }), false);
  assert.equal(isFit(t, 2, { listed: 'No devices were found', visible: '0,1' }), false);
  assert.equal(isFit(t, 2, { onNode: 1 }), false);
});

test('where nothing can be counted nothing is doubted', (t) => {
  assert.equal(isFit(t, 2, {}), true);
  assert.equal(isFit(t, 2, { listed: [whole(0), whole(1)].join('\n') }), true);
});
