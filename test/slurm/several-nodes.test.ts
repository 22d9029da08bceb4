import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** One launcher on each node says what it was told; the first gives the result. */
const spread = (nodes: number) => ({
  name: 'spread',
  text: `
import { uncounted } from 'stet/task';
const launch = task({
  name: 'launch',
  inputs: { stage: uncounted(z.string()), words: z.array(z.string()) },
  outputs: { words: z.array(z.string()) },
  resources: { nodes: ${nodes}, gpus: ${nodes * 2}, cpus: 2 },
  command: ({ stage, words }, out) => ['/bin/sh', '-c', 'stage=$1 out=$2; shift 2; rank=\${NODE_RANK:-0}; echo "$MASTER_ADDR $MASTER_PORT $WORLD_SIZE $CUDA_VISIBLE_DEVICES \${SLURMD_NODENAME}" > "$stage/rank.$rank"; [ "$rank" != 0 ] || { sep=[; for word in "$@"; do printf "%s\\\\"%s\\\\"" "$sep" "$word"; sep=,; done; echo "]"; } > "$out"', 'sh', stage, out.words, ...words],
});
export default pipeline('spread', { stage: z.string() }, ({ stage }) => ({ words: launch({ stage, words: ["it's", '$HOME', 'a  b', '日本'] }).words }));
`,
});

describe('a job of several nodes', { skip: withoutSlurm, timeout: 120_000 }, () => {
  const here = useCluster({ nodes: 3, gpusPerNode: 2 });

  test('has one launcher on each, all told where the first is, and gives the words that it was given', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: spread(2) });
    await scene.start().succeeded();
    const [first, second] = [0, 1].map((rank) =>
      readFileSync(join(scene.stage, `rank.${rank}`), 'utf8')
        .trim()
        .split(' '),
    );
    const [address, port, world, gpus, node] = first ?? [];
    assert.deepEqual(second?.slice(0, 4), [address, port, world, gpus]);
    assert.equal(address, node);
    assert.notEqual(second?.[4], node);
    assert.deepEqual([Number(world), gpus], [4, '0,1']);
    assert.ok(Number(port) > 1024);
    await scene.emptyQueue();
    const end = scene.events().at(-1);
    assert.deepEqual(end?.type === 'run-finished' && end.results, { words: ["it's", '$HOME', 'a  b', '日本'] });
  });

  test('on more nodes than there are is refused', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: spread(4) });
    const { code, stderr } = await scene.start().ended();
    assert.notEqual(code, 0);
    assert.match(stderr, /4 nodes/);
    await scene.emptyQueue();
  });
});
