import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Job } from '../../../../runner/executors/executor.ts';
import { Endings } from '../../../../runner/executors/slurm/endings.ts';
import type { Answer } from '../../../../runner/executors/slurm/queue/commands.ts';
import { KnownCluster } from '../../../../runner/executors/slurm/queue/known-cluster.ts';
import { SlurmJobs } from '../../../../runner/executors/slurm/jobs/slurm-jobs.ts';
import { Submitter } from '../../../../runner/executors/slurm/submitter.ts';
import { jobLike } from '../../../support/slurm-job.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

/** A submitter before a Slurm that gives the same answer to everything. */
function rig(t: TestContext, answer: Answer<string>) {
  const root = tempFolder(t);
  const jobs = new SlurmJobs();
  const environments: Readonly<Record<string, string>>[] = [];
  const submit = async (_: readonly string[], _script: string, more: Readonly<Record<string, string>>) => {
    environments.push(more);
    return answer;
  };
  const submitter = new Submitter({
    site: {},
    commands: { submit },
    cluster: new KnownCluster({}),
    jobs,
    endings: new Endings(jobs, undefined),
  });
  const job = (token: string, more: Partial<Job> = {}): Job => {
    const folder = join(root, token);
    mkdirSync(folder);
    return jobLike({ token, folder, ...more });
  };
  return { jobs, environments, submitter, job };
}

const taken: Answer<string> = { is: 'answer', value: '7' };

test('one job goes by its token, several by the first of their tokens and their number', (t) => {
  const { submitter, job } = rig(t, taken);
  const as = (packs: Job[][]) => submitter.prepare(packs).slurmJobs.map((slurmJob) => slurmJob.as);
  assert.deepEqual(as([[job('a')]]), [{ name: 'a' }]);
  assert.deepEqual(as([[job('b')], [job('c')]]), [
    { name: 'b.x2', index: 0 },
    { name: 'b.x2', index: 1 },
  ]);
  assert.deepEqual(as([[job('d'), job('e')]]), [
    { name: 'd.x2', pack: 0 },
    { name: 'd.x2', pack: 1 },
  ]);
});

test('before Slurm is asked the script of each job is there, and the table knows it', (t) => {
  const { jobs, environments, submitter, job } = rig(t, taken);
  const first = job('a');
  submitter.prepare([[first]]);
  assert.ok(existsSync(join(first.folder, 'job.sh')));
  assert.equal(jobs.find(first)?.phase, 'submitting');
  assert.deepEqual(environments, []);
});

test('a secret is in no file, and neither is it in the environment that Slurm keeps', async (t) => {
  const { environments, submitter, job } = rig(t, taken);
  const secret = job('a', { secrets: { TOKEN: 'hunter2' } });
  await submitter.send(submitter.prepare([[secret]]));
  const hex = Buffer.from('hunter2').toString('hex');
  for (const text of [readFileSync(join(secret.folder, 'secrets'), 'utf8'), JSON.stringify(environments)]) {
    assert.doesNotMatch(text, new RegExp(`hunter2|${hex}`));
  }
  assert.deepEqual(Object.keys(environments[0] ?? {}), ['STET_PAD']);
});

test('what Slurm took is submitted under its id', async (t) => {
  const { jobs, submitter, job } = rig(t, taken);
  const first = job('a');
  const { changes, putBack } = await submitter.send(submitter.prepare([[first]]));
  assert.deepEqual(changes, [{ type: 'submitted', job: first, as: { name: 'a', id: '7' } }]);
  assert.deepEqual([putBack, jobs.find(first)?.phase], [[], 'submitted']);
});

test('what Slurm refused has ended with its words', async (t) => {
  const { jobs, submitter, job } = rig(t, { is: 'refused', message: 'invalid partition' });
  const { changes } = await submitter.send(submitter.prepare([[job('a')]]));
  const [exited] = changes;
  assert.ok(exited?.type === 'exited');
  assert.deepEqual([exited.exit.cause, exited.exit.detail, jobs.size], ['refused', 'invalid partition', 0]);
});

test('without an answer nobody knows whether Slurm has it', async (t) => {
  const { jobs, submitter, job } = rig(t, { is: 'silent', message: 'timed out' });
  const first = job('a');
  const { changes, putBack } = await submitter.send(submitter.prepare([[first]]));
  assert.deepEqual([changes, putBack, jobs.find(first)?.phase], [[], [], 'unsure']);
});

test('what a full queue did not take is given back; what was cancelled meanwhile has ended', async (t) => {
  const { jobs, submitter, job } = rig(t, { is: 'full', message: 'MaxJobCount' });
  const [stays, goes] = [job('a'), job('b')];
  const batch = submitter.prepare([[stays], [goes]]);
  const slurmJob = jobs.find(goes);
  assert.ok(slurmJob);
  jobs.askToCancel(slurmJob);
  const { changes, putBack } = await submitter.send(batch);
  assert.deepEqual(putBack, [stays]);
  const [exited] = changes;
  assert.ok(exited?.type === 'exited' && exited.job === goes && exited.exit.cancelled);
  assert.equal(jobs.size, 0);
});
