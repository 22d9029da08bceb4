import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterOf, inShell } from '../../../../../runner/executors/slurm/script/shell-settings.ts';
import { Problem } from '../../../../../cache/problem.ts';

test('the shell says what the site file leaves open', () => {
  const shell = { SBATCH_PARTITION: 'gpu', SBATCH_ACCOUNT: 'robots', SBATCH_CLUSTERS: 'big', SBATCH_QOS: '' };
  assert.deepEqual(inShell({ account: 'mine', pollSeconds: 1 }, shell), {
    partition: 'gpu',
    account: 'mine',
    cluster: 'big',
    pollSeconds: 1,
  });
});

test('all commands ask one cluster, whichever of them reads the variable', () => {
  assert.equal(clusterOf(inShell({}, { SBATCH_CLUSTERS: 'big' })), 'big');
  assert.equal(clusterOf(inShell({}, { SLURM_CLUSTERS: 'big' })), 'big');
  assert.equal(clusterOf(inShell({ cluster: 'small' }, { SLURM_CLUSTERS: 'big' })), 'small');
  assert.equal(clusterOf(inShell({}, {})), undefined);
  for (const several of ['big,small', 'all']) {
    assert.throws(
      () => clusterOf({ cluster: several }),
      (error) => Problem.is(error) && error.code === 'several-clusters',
    );
  }
});
