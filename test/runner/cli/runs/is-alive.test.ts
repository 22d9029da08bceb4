import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isAliveSince } from '../../../../runner/cli/runs/is-alive.ts';

const skip = existsSync('/proc/self/stat') ? false : 'there is no /proc here';

test('a driver lives as long as its process', async () => {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  assert.equal(isAliveSince(pid, Date.now()), true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(isAliveSince(pid, Date.now()), false);
});

test('a later process that was given the id of a driver is not the driver', { skip }, () => {
  assert.equal(isAliveSince(process.pid, Date.now() - process.uptime() * 1000 - 60_000), false);
});

test('a driver that has ended is gone, also before its parent takes note', { skip, timeout: 10_000 }, async (t) => {
  // The shell becomes another program, which never waits for what the shell started.
  const parent = spawn('sh', ['-c', 'exec 3<&0; sh -c "read line <&3" & echo $!; exec sleep 600'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.after(() => parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(String(line));
  while (!readFileSync(`/proc/${parent.pid}/cmdline`, 'utf8').startsWith('sleep')) await new Promise(setImmediate);
  assert.equal(isAliveSince(pid, Date.now()), true);
  parent.stdin.end();
  while (isAliveSince(pid, Date.now())) await new Promise(setImmediate);
  assert.doesNotThrow(() => process.kill(pid, 0), 'its id is still taken');
});
