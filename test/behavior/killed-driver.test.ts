import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { exited, startChild } from '../support/child-module.ts';
import { eventually } from '../support/eventually.ts';
import { isRunning } from '../support/is-running.ts';
import { type Puppet, PuppetStage } from '../support/puppet.ts';
import { outOf, puppetPath } from '../support/rig.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Drivers in processes of their own over one store; each runs one task, which goes on when `what` is `hang`. */
async function scene(
  t: TestContext,
  what = 'hang',
  graceMs = 1000,
): Promise<{ root: string; start: () => ChildProcess; job: () => Promise<Puppet> }> {
  const root = join(tempFolder(t), 'store');
  const stage = await PuppetStage.open();
  const drivers: ChildProcess[] = [];
  t.after(() => {
    stage.close();
    for (const driver of drivers) driver.kill('SIGKILL');
  });
  return {
    root,
    job: () => stage.started(what === 'hang' ? 'wait' : what),
    start: () => {
      const driver = startChild(import.meta.url, '../support/driver', [root, what, stage.socket, puppetPath()], {
        GRACE_MS: String(graceMs),
      });
      driver.stdout?.resume();
      drivers.push(driver);
      return driver;
    },
  };
}

test('when the driver is killed its job ends too, and the next run goes on from what it left', async (t) => {
  const { start, job } = await scene(t);
  const first = start();
  const dying = await job();
  await dying.write(join(outOf(dying, 'checkpoints'), '100'), '{"step":100}');
  first.kill('SIGKILL');
  await dying.gone;

  const second = start();
  const again = await job();
  assert.deepEqual(await again.list(outOf(again, 'checkpoints')), ['100']);
  again.exit();
  assert.equal(await exited(second), 0);
});

test('a job that outlives its killed driver is gone before the next one starts in its folder', async (t) => {
  const { start, job } = await scene(t);
  const first = start();
  const stubborn = await job();
  await stubborn.ignoreTerm();
  first.kill('SIGKILL');
  const second = start();
  const again = await job();
  assert.equal(isRunning(stubborn.pid), false, 'two jobs write to one folder');
  again.exit();
  assert.equal(await exited(second), 0);
});

test('when the driver that works on a node is killed, a run that waits for it takes over', async (t) => {
  const { start, job } = await scene(t);
  const first = start();
  const dying = await job();
  const second = start();
  const waits = new Promise<void>((resolve) =>
    second.stdout?.on('data', (chunk) => String(chunk).includes('node-awaited') && resolve()),
  );
  await waits;
  first.kill('SIGKILL');
  const again = await job();
  assert.equal(isRunning(dying.pid), false, 'two jobs write to one folder');
  again.exit();
  assert.equal(await exited(second), 0);
});

test('the same command again starts no second job beside the one that a killed driver left', async (t) => {
  const { start, job } = await scene(t, 'restart', 60_000);
  const first = start();
  const slow = await job();
  await slow.ignoreTerm();
  first.kill('SIGKILL');
  const second = start();
  const told = linesOf(second);
  const awaited = await eventually('it waits', () => told.find((line) => line.includes('"node-awaited"')));
  assert.match(awaited, /what an earlier driver left \(.*puppet-process/);
  assert.equal(isRunning(slow.pid), true);
  slow.exit();
  const again = await job();
  assert.equal(isRunning(slow.pid), false, 'two jobs of one fingerprint side by side');
  await again.write(outOf(again, 'n'), '1');
  again.exit();
  assert.equal(await exited(second), 0);
});

test('a driver that stood still while another took its work over ends its job, and takes the result of the other', async (t) => {
  const { root, start, job } = await scene(t, 'restart');
  const first = start();
  const told = linesOf(first);
  const mine = await job();
  first.kill('SIGSTOP');
  declareDead(join(root, 'locks'));
  const second = start();
  const others = await job();
  assert.equal(isRunning(mine.pid), false, 'two jobs of one fingerprint side by side');
  first.kill('SIGCONT');
  await eventually('the first waits for the second', () => told.some((line) => line.includes('"node-awaited"')));
  await others.write(outOf(others, 'n'), '7');
  others.exit();
  assert.deepEqual(await Promise.all([exited(first), exited(second)]), [0, 0]);
  const [last] = told.slice(-1);
  assert.match(last ?? '', /"status":"succeeded".*"results":\{"n":7\}/);
  assert.ok(told.some((line) => /"node-cached".*"other-run"/.test(line)));
});

test('what a driver made that stood still meanwhile is not kept over the result of the one that took over', async (t) => {
  const { root, start, job } = await scene(t, 'restart');
  const first = start();
  const told = linesOf(first);
  const mine = await job();
  await mine.write(outOf(mine, 'n'), '1');
  first.kill('SIGSTOP');
  mine.exit();
  await mine.gone;
  declareDead(join(root, 'locks'));
  const second = start();
  const others = await job();
  first.kill('SIGCONT');
  await eventually('the first waits for the second', () => told.some((line) => line.includes('"node-awaited"')));
  await others.write(outOf(others, 'n'), '2');
  others.exit();
  assert.deepEqual(await Promise.all([exited(first), exited(second)]), [0, 0]);
  assert.match(told.at(-1) ?? '', /"results":\{"n":2\}/);
});

/** Locks become those of a process that is gone, as they look to others when their owner stands still for a minute elsewhere. */
function declareDead(locks: string): void {
  for (const name of readdirSync(locks).filter((one) => one.startsWith('sha256-') && !one.endsWith('.job'))) {
    const [claim = '', beat = ''] = readFileSync(join(locks, name), 'utf8').split('\n');
    const dead = { ...(JSON.parse(claim) as object), pid: 999_999_999, token: 'dead' };
    writeFileSync(join(locks, `${name}.new`), `${JSON.stringify(dead)}\n${beat}`);
    renameSync(join(locks, `${name}.new`), join(locks, name));
  }
}

function linesOf(child: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = '';
  child.stdout?.on('data', (chunk) => {
    const parts = (rest + String(chunk)).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  return lines;
}
