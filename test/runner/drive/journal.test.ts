import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journal } from '../../../runner/drive/journal.ts';
import type { Event, Fact } from '../../../runner/log/events.ts';
import { createRun, openLog, readEvents, type RunLog } from '../../../runner/log/run-log.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const skipped: Fact = { type: 'node-skipped', address: 'score', label: 'score', because: 'train' };

function logIn(folder: string): RunLog {
  const { run } = createRun(folder);
  return openLog(folder, run);
}

test('a fact is in the log and in the state by the time that it is told', (t) => {
  const log = logIn(tempFolder(t));
  t.after(() => log.close());
  const seen: unknown[] = [];
  const journal = new Journal(log, (event) => {
    seen.push(event, readEvents(log.folder), journal.state.nodes.get('score')?.phase);
  });
  journal.emit(skipped);
  const [event, written, phase] = seen as [Event, Event[], string];
  assert.deepEqual([written, phase], [[event], 'skipped']);
  assert.ok(Date.parse(event.time) > 0, 'it has its time');
});

test('what cannot be written does not happen', (t) => {
  const log = logIn(tempFolder(t));
  const journal = new Journal(log, () => assert.fail('it was told'));
  log.close();
  assert.throws(() => journal.emit(skipped));
  assert.equal(journal.state.nodes.get('score'), undefined);
});

test('the journals of two runs know nothing of each other', (t) => {
  const folder = tempFolder(t);
  const [one, other] = [logIn(folder), logIn(folder)];
  t.after(() => [one, other].forEach((log) => log.close()));
  new Journal(one, () => {}).emit(skipped);
  assert.deepEqual([...new Journal(other, () => {}).state.nodes], []);
});
