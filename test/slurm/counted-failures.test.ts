import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** Fails as often as it is started; from its second start on each waits for a cue: `go-2`, `go-3`. */
const stubborn = {
  name: 'stubborn',
  text: `
const line = 'n=$(($(cat "$1/begun" 2>/dev/null | wc -l) + 1)); echo "stubborn $SLURM_JOB_ID 0 $SLURMD_NODENAME" >>"$1/begun"; ' +
  'while [ "$n" -gt 1 ] && [ ! -e "$1/cues/go-$n" ]; do sleep 0.1; done; exit 7';
const stubborn = task({
  name: 'stubborn',
  inputs: { stage: z.string() },
  outputs: { value: z.int() },
  command: ({ stage }) => ['/bin/sh', '-c', line, 'sh', stage],
});
export default pipeline('stubborn', { stage: z.string() }, ({ stage }) => ({ value: stubborn({ stage }, { retries: 2 }).value }));
`,
};

describe('failures are counted on by the next driver', { skip: withoutSlurm, timeout: 120_000, concurrency: 2 }, () => {
  const here = useCluster();

  for (const how of ['of the same run', 'of a new run']) {
    test(`${how}, which takes over a second attempt`, async (t) => {
      const scene = new SlurmScene(t, here.cluster, { pipeline: stubborn });
      const first = scene.start();
      await scene.begun('stubborn', 2);
      await scene.saw('node-started', { fits: ({ attempt }) => attempt === 2 });
      await first.kill();
      const second = how === 'of a new run' ? scene.start() : scene.start('attach');
      scene.cue('go-2', 'go-3', 'go-4');
      const { code, stderr } = await second.ended();
      assert.equal(code, 1, stderr);
      assert.match(stderr, /exit code 7|ended with 7|code 7/);
      assert.equal(scene.count('stubborn'), 3);
      await scene.emptyQueue();
    });
  }
});
