import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { askToCancel, CancelRequests } from '../../../runner/log/cancels.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('a driver hears what was asked for since it began, once', (t) => {
  const folder = tempFolder(t);
  askToCancel(folder, 'old');
  const requests = new CancelRequests(folder);
  assert.deepEqual(requests.take(), []);
  askToCancel(folder, 'train');
  askToCancel(folder, undefined);
  assert.deepEqual(requests.take(), ['train', null]);
  assert.deepEqual(requests.take(), []);
});

test('what somebody was killed while asking for is not asked for, and keeps nobody else from being heard', (t) => {
  const folder = tempFolder(t);
  const requests = new CancelRequests(folder);
  appendFileSync(join(folder, 'cancel.jsonl'), '"tra');
  askToCancel(folder, 'score');
  assert.deepEqual(requests.take(), ['score']);
});

test('a file of requests that is torn, foreign or no file asks for nothing', (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'cancel.jsonl');
  const requests = new CancelRequests(folder);
  writeFileSync(path, '{"torn\n7\n{}\n"node"\n');
  assert.deepEqual(requests.take(), ['node']);
  rmSync(path);
  execFileSync('mkfifo', [path]);
  assert.deepEqual(requests.take(), []);
});
