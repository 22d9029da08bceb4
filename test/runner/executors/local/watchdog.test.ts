import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Watchdog } from '../../../../runner/executors/local/watchdog.ts';

test('when its owner goes away, the groups that it watches end, and those that it was told to forget live on', {
  timeout: 10_000,
}, async (t) => {
  const [kept, ended] = [0, 1].map(() => spawn('sleep', ['600'], { detached: true }));
  t.after(() => kept?.kill('SIGKILL'));
  const watchdog = new Watchdog({ graceMs: 10_000 });
  await watchdog.start();
  watchdog.watch(kept?.pid ?? 0);
  watchdog.forget(kept?.pid ?? 0);
  watchdog.watch(ended?.pid ?? 0);
  const end = ended && once(ended, 'exit');
  await watchdog.close(); // what it sees is the same as when its owner is killed: its input ends
  assert.deepEqual(await end, [null, 'SIGTERM']);
  assert.equal(kept?.exitCode ?? kept?.signalCode, null);
});
