import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { processStat } from '../../cache/process-stat.ts';
import { folder } from '../../tasks/kinds/folder.ts';
import { eventually } from '../support/eventually.ts';
import { isRunning } from '../support/is-running.ts';
import { type Puppet } from '../support/puppet.ts';
import { outOf, Rig } from '../support/rig.ts';

const skip = existsSync('/proc/self/stat') ? false : 'there is no /proc here';

async function writerIn(puppet: Puppet, path: string): Promise<number> {
  await puppet.write(path, '');
  const writer = await puppet.escape(path);
  await eventually('it writes', () => existsSync(path) && readFileSync(path, 'utf8') !== '');
  return writer;
}

test('what left the process group of its job has ended before anything of the job is stored', { skip }, async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { data: folder });
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  const writer = await writerIn(puppet, join(outOf(puppet, 'data'), 'lines'));
  puppet.exit();
  await run.saw('node-finished', 'make');
  assert.equal(isRunning(writer), false);
  const log = readFileSync(join(run.folder, 'jobs', 'make.1', 'log.txt'), 'utf8');
  assert.match(log, new RegExp(`ended with the job what it had left running: .*\\(process ${writer}\\)`));
  await run.ended();
});

test('what left the process group of a failed attempt has ended before the next one goes on in its folder', {
  skip,
}, async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { model: folder }, { onPreempt: 'resume' });
  const run = await rig.run(() => train({}, { retries: 1 }));
  const failing = await rig.started('train');
  const writer = await writerIn(failing, join(outOf(failing, 'model'), 'lines'));
  failing.exit(1);
  const again = await rig.started('train');
  assert.equal(isRunning(writer), false);
  again.exit();
  assert.equal((await run.ended()).status, 'succeeded');
});

test('a job that is killed leaves nothing behind, wherever it went', { skip }, async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { data: folder });
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  const writer = await writerIn(puppet, join(outOf(puppet, 'data'), 'lines'));
  run.stop();
  run.kill();
  await run.ended();
  assert.deepEqual([puppet.pid, writer].filter(isRunning), []);
});

test('where the holder of a job is killed, what it held is found by the files that it writes to', {
  skip,
}, async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { data: folder });
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  const writer = await writerIn(puppet, join(outOf(puppet, 'data'), 'lines'));
  process.kill(processStat(puppet.pid)?.parent ?? 0, 'SIGKILL');
  await run.ended();
  assert.deepEqual([puppet.pid, writer].filter(isRunning), []);
});
