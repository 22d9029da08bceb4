import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

const withoutLimits = existsSync('/sys/fs/cgroup/memory') ? false : 'nothing limits memory here: no cgroup v1';

describe('a job that runs out of memory', { skip: withoutSlurm || withoutLimits, timeout: 120_000 }, () => {
  const here = useCluster({ nodes: 1, enforceMemory: true });

  test('is tried once more with more of it', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { resources: { memoryGb: 0.1 } });
    writeFileSync(join(scene.stage, 'hog'), '150M');
    scene.cue('all');
    await scene.start().succeeded();
    assert.equal(scene.count('train-1'), 2);
    await scene.settled();
  });

  test('is tried once more although its program ended well: a process of it was killed', async (t) => {
    const careless = `
const line = 'echo "careless $SLURM_JOB_ID 0 $SLURMD_NODENAME" >>"$1/begun"; ' +
  'size=$(cat "$1/hog" 2>/dev/null); head -c "\${size:-1}" /dev/zero | tail >/dev/null; echo 7 >"$2"';
const careless = task({
  name: 'careless',
  inputs: { stage: uncounted(z.string()) },
  outputs: { value: z.int() },
  resources: { memoryGb: 0.1 },
  command: ({ stage }, out) => ['/bin/sh', '-c', line, 'sh', stage, out.value],
});
export default pipeline('careless', { stage: z.string() }, ({ stage }) => ({ value: careless({ stage }).value }));
`;
    const text = `import { uncounted } from 'stet/task';\n${careless}`;
    const scene = new SlurmScene(t, here.cluster, { pipeline: { name: 'careless', text } });
    writeFileSync(join(scene.stage, 'hog'), '150M');
    await scene.start().succeeded();
    assert.equal(scene.count('careless'), 2);
    await scene.settled();
  });

  test('in a pack takes none of those with it that had ended well', async (t) => {
    const text = `
import { range } from 'stet/pipeline';
import { uncounted } from 'stet/task';
const line = 'echo "step-$2 $SLURM_JOB_ID 0 $SLURMD_NODENAME" >>"$1/begun"; ' +
  'if [ "$2" = 2 ]; then head -c "$(cat "$1/hog")" /dev/zero | tail >/dev/null || exit 137; fi; echo "$2" >"$3"';
const step = task({
  name: 'step',
  inputs: { stage: uncounted(z.string()), n: z.int() },
  outputs: { value: z.int() },
  resources: { memoryGb: 0.1 },
  command: ({ stage, n }, out) => ['/bin/sh', '-c', line, 'sh', stage, String(n), out.value],
});
export default pipeline('packed', { stage: z.string() }, ({ stage }) => ({ values: range(3).map((n) => step({ stage, n }).value) }));
`;
    const scene = new SlurmScene(t, here.cluster, { pipeline: { name: 'packed', text }, slurm: { packed: 3 } });
    writeFileSync(join(scene.stage, 'hog'), '150M');
    await scene.start().succeeded();
    const times = [0, 1, 2].map((n) => scene.count(`step-${n}`));
    assert.deepEqual(times, [1, 1, 2]);
    await scene.emptyQueue();
  });

  test('and again with more is not tried a third time', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { resources: { memoryGb: 0.1 } });
    writeFileSync(join(scene.stage, 'hog'), '400M');
    scene.cue('all');
    const { code, stderr } = await scene.start().ended();
    assert.equal(code, 1, stderr);
    assert.match(stderr, /memory/);
    assert.equal(scene.count('train-1'), 2);
    await scene.emptyQueue();
    writeFileSync(join(scene.stage, 'hog'), '1M');
    await scene.start().succeeded();
    await scene.settled();
  });
});
