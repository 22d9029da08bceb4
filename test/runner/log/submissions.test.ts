import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '../../../cache/problem.ts';
import { noTries } from '../../../runner/log/tries.ts';
import { type Submission, Submissions } from '../../../runner/log/submissions.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const fingerprint = `sha256:${'7'.repeat(64)}`;
const submission: Submission = {
  format: 3,
  executor: 'slurm',
  fingerprint,
  token: 'train.7.1.00c0ffee',
  name: 'train.7.1.00c0ffee.x8',
  index: 3,
  run: '0042',
  address: 'train',
  label: 'train',
  attempt: 2,
  folder: '/store/runs/0042/jobs/train.2',
  resources: { gpus: 1 },
  resuming: false,
  tries: { ...noTries, outside: 1, avoid: ['n7'] },
};

test('a submission comes back as it was written, with what had failed before', (t) => {
  const root = tempFolder(t);
  const [submissions, here] = [
    new Submissions(root),
    { ...submission, folder: join(root, 'runs', '0042', 'jobs', 'a') },
  ];
  assert.equal(submissions.read(fingerprint), undefined);
  submissions.write(here);
  assert.deepEqual(submissions.read(fingerprint), here);
});

test('one that names another fingerprint, a folder outside of its store or a run that is a path is not taken over', (t) => {
  const root = tempFolder(t);
  const submissions = new Submissions(root);
  const here = { ...submission, folder: join(root, 'runs', '0042', 'jobs', 'a') };
  const foreign = [
    { ...here, fingerprint: `sha256:${'8'.repeat(64)}` },
    { ...here, folder: '/home/somebody' },
    { ...here, folder: join(root, '..', 'x') },
    { ...here, folder: root },
    { ...here, run: '../0042' },
    { ...here, fingerprint: '../../x' },
  ];
  for (const one of foreign) {
    mkdirSync(join(root, 'submitted'), { recursive: true });
    writeFileSync(join(root, 'submitted', `${'7'.repeat(64)}.json`), JSON.stringify(one));
    assert.throws(() => submissions.read(fingerprint), Problem, JSON.stringify(one));
  }
  assert.throws(() => submissions.read('sha256:../../../x'), { code: 'wrong-digest' });
});

test('half of one is none: its driver was killed before it asked the scheduler', (t) => {
  const root = tempFolder(t);
  mkdirSync(join(root, 'submitted'));
  writeFileSync(join(root, 'submitted', `${'7'.repeat(64)}.json`), JSON.stringify(submission).slice(0, 80));
  assert.equal(new Submissions(root).read(fingerprint), undefined);
});

test('one of another version is refused with the name of its job, and not submitted a second time', (t) => {
  const root = tempFolder(t);
  mkdirSync(join(root, 'submitted'));
  writeFileSync(join(root, 'submitted', `${'7'.repeat(64)}.json`), JSON.stringify({ ...submission, format: 1 }));
  assert.throws(
    () => new Submissions(root).read(fingerprint),
    (error) => Problem.is(error) && error.code === 'other-version' && /train\.7\.1\.00c0ffee\.x8/.test(error.message),
  );
});
