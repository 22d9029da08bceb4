import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { SlurmScene } from '../support/slurm-scene.ts';

/** Its program writes down all that it can see of the world: what could change what any program gives. */
const see = {
  name: 'see',
  text: `
import { uncounted } from 'stet/task';
const lines = \`
exec > "\\$1/seen-\\$2" 2>&1 < /dev/null
echo umask; umask
echo limits; ulimit -S -s; ulimit -S -n; ulimit -S -c
echo words; printf '\\\\303\\\\251' | wc -m; printf 'B\\\\na\\\\n' | sort; locale
echo folder; pwd -P; ls
echo ends; readlink /proc/self/fd/0
echo nice; nice
\`;
const look = task({
  name: 'look',
  inputs: { stage: uncounted(z.string()), where: z.string() },
  outputs: { done: z.int() },
  env: { GIVEN: 'a b' },
  command: ({ stage, where }, out) => ['/bin/sh', '-c', lines + 'echo 1 > "$3"', 'sh', stage, where, out.done],
});
// Not by a shell, which has variables of its own.
const list = task({
  name: 'list',
  inputs: { stage: uncounted(z.string()), where: z.string() },
  outputs: { done: z.int() },
  env: { GIVEN: 'a b' },
  command: ({ stage, where }, out) => [process.execPath, '-e',
    "const fs = require('fs'); fs.writeFileSync(process.argv[1], JSON.stringify(process.env)); fs.writeFileSync(process.argv[2], '1')",
    stage + '/variables-' + where, out.done],
});
export default pipeline('see', { stage: z.string(), where: z.string() }, ({ stage, where }) => ({ a: look({ stage, where }).done, b: list({ stage, where }).done }));
`,
};

describe('a program on the cluster', { skip: withoutSlurm, timeout: 120_000 }, () => {
  const here = useCluster({ nodes: 1 });

  test('sees what it sees on this machine: variables, language, umask, limits, folder, and nothing of ours', async (t) => {
    const scene = new SlurmScene(t, here.cluster, {
      pipeline: see,
      env: { LANG: 'C.UTF-8', LC_ALL: 'POSIX', LC_TIME: 'C', OTHER: 'x', SBATCH_QOS: '' },
      shell: 'umask 027; ulimit -S -s 4096; ulimit -S -c 0',
    });
    const seen = async (where: string): Promise<{ variables: unknown; lines: string[] }> => {
      await scene.start('run', 'see', `stage=${scene.stage}`, `where=${where}`, '--executor', where).succeeded();
      const read = (what: string): string => readFileSync(join(scene.stage, `${what}-${where}`), 'utf8');
      const variables = JSON.parse(read('variables')) as Record<string, string>;
      const { STET_JOB = '' } = variables;
      // What Slurm itself says is documented.
      const own = Object.entries(variables).filter(([name]) => !/^SLURMD?_/.test(name));
      return {
        variables: Object.fromEntries(own.map(([name, value]) => [name, value.replaceAll(STET_JOB, 'FOLDER')])),
        // The record of a job's start is its executor's.
        lines: read('seen')
          .replace(/^.*\/jobs\/.*$/m, 'FOLDER')
          .replace('begun.0\n', '')
          .split('\n'),
      };
    };
    const [local, slurm] = [await seen('local'), await seen('slurm')];
    assert.ok(local.lines.includes('0027') && local.lines.includes('4096'), local.lines.join('\n'));
    assert.deepEqual(slurm, local);
    await scene.emptyQueue();
  });
});
