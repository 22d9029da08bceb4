import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { progressWriter, readProgress } from '../../../runner/log/progress.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('the newest progress is what counts, whatever else a program writes behind it', (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'progress.jsonl');
  assert.equal(readProgress(folder), undefined);
  appendFileSync(path, '{"done":1,"total":4}\n{"done":2,"total":4,"unit":"steps"}\n{"loss":0.5}\n\n{"done":3,"to');
  assert.deepEqual(readProgress(folder), { done: 2, total: 4, unit: 'steps', metrics: undefined });
  progressWriter(folder)({ done: 4, total: 4, unit: 'steps', metrics: { loss: 0.1 } });
  assert.deepEqual(readProgress(folder), { done: 4, total: 4, unit: 'steps', metrics: { loss: 0.1 } });
});
