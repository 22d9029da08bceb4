import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { exited, startChild } from '../support/child-module.ts';
import { isRunning } from '../support/is-running.ts';
import { type Puppet, PuppetStage } from '../support/puppet.ts';
import { outOf, puppetPath } from '../support/rig.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Drivers in processes of their own over one store; each runs one task that resumes. */
async function scene(t: TestContext): Promise<{ start: () => ChildProcess; job: () => Promise<Puppet> }> {
  const root = join(tempFolder(t), 'store');
  const stage = await PuppetStage.open();
  const drivers: ChildProcess[] = [];
  t.after(() => {
    stage.close();
    for (const driver of drivers) driver.kill('SIGKILL');
  });
  return {
    job: () => stage.started('wait'),
    start: () => {
      const driver = startChild(import.meta.url, '../support/driver', [root, 'hang', stage.socket, puppetPath()]);
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
