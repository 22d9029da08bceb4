import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { logTail } from '../../../../runner/cli/runs/log-end.ts';
import { packageRoot } from '../../../../tasks/core/package-root.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

test('the last lines that say something are shown, without the frames of our own', (t) => {
  const path = join(tempFolder(t), 'log.txt');
  assert.deepEqual(logTail(path, 2), [], 'the job never wrote anything');
  const worker = join(packageRoot(), 'runner', 'node', 'worker.ts');
  assert.ok(existsSync(worker));
  const ownFrames = [`    at runBody (${worker}:31:5)`, '    at async node:internal/modules/run_main:1:2'];
  writeFileSync(
    path,
    ['x'.repeat(20_000), 'Error: no data', '    at train (train.ts:3:1)', ...ownFrames, ''].join('\n'),
  );
  assert.deepEqual(logTail(path, 2), ['Error: no data', '    at train (train.ts:3:1)']);
});
