import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Exit } from '../../../runner/executors/executor.ts';
import { failureOf } from '../../../runner/attempt/failure-of.ts';
import { judge } from '../../../runner/attempt/judge.ts';
import type { StagedJob } from '../../../runner/job/staged-job.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const fine: Exit = { code: 0, signal: undefined, cancelled: false };

function jobIn(folder: string): StagedJob {
  return { folder, call: { recipe: { command: ['the-program', '-x'] } } } as unknown as StagedJob;
}

test('a job that ended well has no failure', (t) => {
  assert.equal(judge(jobIn(tempFolder(t)), fine), undefined);
});

test('how a program ended is said by code', (t) => {
  const job = jobIn(tempFolder(t));
  const codes = [
    [{ ...fine, code: 3 }, 'exit-code', /3/],
    [{ ...fine, code: 127 }, 'no-such-program', /the-program/],
    [{ ...fine, code: null, signal: 'SIGKILL' }, 'killed', /SIGKILL/],
    [{ ...fine, code: 143 }, 'killed', /SIGTERM/],
    [{ ...fine, code: null }, 'killed', /exit record/],
    [{ ...fine, cancelled: true }, 'cancelled', /stop/],
  ] as const;
  for (const [exit, code, words] of codes) {
    const failure = judge(job, exit);
    assert.equal(failure?.code, code);
    assert.match(failure?.message ?? '', words);
  }
});

test('a body says in its own words why it ended', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'failure.json'), JSON.stringify({ code: 'threw', message: 'no wheels' }));
  assert.deepEqual(judge(jobIn(folder), { ...fine, code: 1 }), { code: 'threw', message: 'no wheels' });
});

test('what a scheduler does not take is looked into where it was to run', (t) => {
  const job = { ...jobIn(tempFolder(t)), resources: {} };
  const failure = judge(job, { ...fine, code: null, cause: 'refused' }, 'slurm');
  assert.deepEqual([failure?.code, failure?.hint], ['refused', 'pipeline doctor --executor slurm']);
});

test('a full disk is called by its name whoever met it', () => {
  const error = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', path: '/tmp' });
  assert.equal(failureOf(error).code, 'disk-full');
  assert.equal(failureOf(new Error('odd')).code, 'unexpected');
  const nameless = failureOf(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
  assert.equal(nameless.code, 'disk-full');
  assert.doesNotMatch(nameless.message, /bytes are free/, 'of a disk that nobody knows');
});
