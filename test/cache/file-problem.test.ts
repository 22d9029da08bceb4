import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orFullDisk } from '../../cache/file-problem.ts';
import { Problem } from '../../cache/problem.ts';
import { exitCodeOf } from '../../runner/cli/common/exit-codes.ts';

test('a full disk met anywhere is told as such, and is a fault of the site', () => {
  const error = orFullDisk(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
  assert.ok(Problem.is(error));
  assert.equal(error.code, 'disk-full');
  assert.equal(exitCodeOf(error), 3);
});

test('any other error stays what it is', () => {
  const error = new Error('a mistake');
  assert.equal(orFullDisk(error), error);
});
