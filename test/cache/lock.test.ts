import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { acquireLock, isLocked, lockOwner } from '../../cache/lock.ts';
import { exited, nextLine, startChild } from '../support/child-module.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('one owner at a time, and the next after a release', (t) => {
  const folder = tempFolder(t);
  const lock = acquireLock(folder, 'sha256:ab', { owner: 'run 1' });
  assert.ok(lock);
  assert.equal(acquireLock(folder, 'sha256:ab', { owner: 'run 2' }), undefined);
  assert.ok(acquireLock(folder, 'sha256:cd', { owner: 'run 2' }));
  assert.deepEqual(lockOwner(folder, 'sha256:ab'), { owner: 'run 1', pid: process.pid, host: hostname() });
  lock.release();
  lock.release();
  assert.equal(lockOwner(folder, 'sha256:ab'), undefined);
  assert.ok(acquireLock(folder, 'sha256:ab', { owner: 'run 2' }));
});

test('a lock of a living process is not taken, that of a killed one is taken at once', async (t) => {
  const folder = tempFolder(t);
  const child = await lockingChild(t, folder);
  assert.equal(await ask(child, 'key'), 'held');
  assert.equal(acquireLock(folder, 'key', { owner: 'me' }), undefined);
  assert.equal(isLocked(folder, 'key'), true);

  child.kill('SIGKILL');
  await exited(child);
  assert.equal(isLocked(folder, 'key'), false);
  assert.ok(acquireLock(folder, 'key', { owner: 'me' }));
  assert.equal(lockOwner(folder, 'key')?.owner, 'me');
});

test('a process that got the id of a dead owner is not the owner', (t) => {
  const folder = tempFolder(t);
  acquireLock(folder, 'key', { owner: 'dead' });
  alter(folder, 'key', (claim) => ({ ...claim, pidStart: '1', token: 'other' }));
  assert.ok(acquireLock(folder, 'key', { owner: 'me' }));
});

test('an owner elsewhere is dead after a minute without a heartbeat, by our own clock', (t) => {
  const folder = tempFolder(t);
  acquireLock(folder, 'key', { owner: 'there' });
  alter(folder, 'key', (claim) => ({ ...claim, host: 'elsewhere', token: 'other' }));
  let seconds = 1000;
  const attempt = () => acquireLock(folder, 'key', { owner: 'me', monotonicSeconds: () => seconds });

  assert.equal(attempt(), undefined);
  seconds += 59;
  assert.equal(attempt(), undefined);
  alter(folder, 'key', (claim) => claim, '000000000007');
  seconds += 10;
  assert.equal(attempt(), undefined, 'a heartbeat starts the minute anew');
  seconds += 61;
  assert.ok(attempt());
});

test('a lock that a loss of power tore is taken as soon as it is sure that nobody is about to write it', (t) => {
  const folder = tempFolder(t);
  acquireLock(folder, 'another', { owner: 'me' });
  for (const text of ['', '\0'.repeat(200), '{"owner":"run 0001","pid":']) {
    writeFileSync(join(folder, 'key'), text);
    let seconds = 1;
    const attempt = () => acquireLock(folder, 'key', { owner: 'me', monotonicSeconds: () => seconds });
    assert.equal(attempt(), undefined);
    seconds = 2;
    attempt()?.release();
    assert.equal(existsSync(join(folder, 'key')), false);
  }
});

test('an unreadable lock is taken over after a minute', (t) => {
  const folder = tempFolder(t);
  acquireLock(folder, 'another', { owner: 'me' });
  writeFileSync(join(folder, 'key'), '');
  let seconds = 0;
  const attempt = () => acquireLock(folder, 'key', { owner: 'me', monotonicSeconds: () => seconds });
  assert.equal(attempt(), undefined);
  seconds = 61;
  assert.ok(attempt());
});

test('a taker that died in the middle of a takeover does not block the next', (t) => {
  const folder = tempFolder(t);
  acquireLock(folder, 'key', { owner: 'dead' });
  alter(folder, 'key', (claim) => ({ ...claim, pid: 999_999_999, token: 'first' }));
  writeFileSync(join(folder, 'key~first'), readFileSync(join(folder, 'key'), 'utf8').replace('"first"', '"second"'));
  assert.ok(acquireLock(folder, 'key', { owner: 'me' }));
  assert.deepEqual(readdirSync(folder).sort(), ['claims', 'key']);
});

test('who lost a lock knows it, and does not release that of the next owner', (t) => {
  const folder = tempFolder(t);
  const lock = acquireLock(folder, 'key', { owner: 'me' });
  assert.equal(lock?.isHeld(), true);
  alter(folder, 'key', (claim) => ({ ...claim, token: 'other' }));
  assert.equal(lock?.isHeld(), false);
});

test('a lock that somebody cleaned away is still held, and nobody takes it meanwhile', (t) => {
  const folder = tempFolder(t);
  const lock = acquireLock(folder, 'key', { owner: 'me' });
  rmSync(join(folder, 'key'));
  assert.equal(lock?.isHeld(), true);
  assert.equal(acquireLock(folder, 'key', { owner: 'other' }), undefined);
  lock?.release();
  assert.equal(isLocked(folder, 'key'), false);
});

test('who lost a lock, and holds others, leaves the file of the next owner alone', (t) => {
  const folder = tempFolder(t);
  const [lost, kept] = ['a', 'b'].map((key) => acquireLock(folder, key, { owner: 'me' }));
  alter(folder, 'a', (claim) => ({ ...claim, token: 'other' }));
  const before = readFileSync(join(folder, 'a'), 'utf8');
  assert.equal(lost?.isHeld(), false);
  lost?.release();
  rmSync(join(folder, 'claims'), { recursive: true });
  assert.ok(acquireLock(folder, 'c', { owner: 'me' }), 'the claim comes back from a lock that is ours');
  assert.deepEqual([readFileSync(join(folder, 'a'), 'utf8'), kept?.isHeld()], [before, true]);
});

test('of ten thousand attempts by four processes never two hold the lock at once', async (t) => {
  const folder = tempFolder(t);
  const log = join(folder, 'log');
  const racers = [1, 2, 3, 4].map(() =>
    startChild(import.meta.url, '../support/lock-racer', [join(folder, 'locks'), log, '300']),
  );
  assert.deepEqual(await Promise.all(racers.map(exited)), [0, 0, 0, 0]);
  assert.match(readFileSync(log, 'utf8'), /^(\+-){1200}$/);
});

test('of many that see a dead owner at once, one takes over', async (t) => {
  const folder = tempFolder(t);
  const children = await Promise.all([1, 2, 3, 4].map(() => lockingChild(t, folder)));
  acquireLock(folder, 'warm-up', { owner: 'me' });
  for (let round = 0; round < 25; round += 1) {
    const key = `key-${round}`;
    acquireLock(folder, key, { owner: 'dead' });
    alter(folder, key, (claim) => ({ ...claim, pid: 999_999_999, token: `dead-${round}` }));
    const answers = await Promise.all(children.map((child) => ask(child, key)));
    assert.deepEqual(answers.sort(), ['busy', 'busy', 'busy', 'held'], key);
  }
});

async function lockingChild(t: TestContext, folder: string): Promise<ChildProcess> {
  const child = startChild(import.meta.url, '../support/lock-child', [folder]);
  t.after(() => child.kill('SIGKILL'));
  assert.equal(await nextLine(child), 'ready');
  return child;
}

function ask(child: ChildProcess, key: string): Promise<string> {
  const answer = nextLine(child);
  child.stdin?.write(`${key}\n`);
  return answer;
}

/** Rewrites a lock as somebody else's: a file of its own, no longer a link to our claim. */
function alter(folder: string, key: string, change: (claim: object) => object, beat?: string): void {
  const path = join(folder, key);
  const [claim = '', old = ''] = readFileSync(path, 'utf8').split('\n');
  writeFileSync(`${path}.new`, `${JSON.stringify(change(JSON.parse(claim) as object))}\n${beat ?? old}`);
  renameSync(`${path}.new`, path);
  assert.ok(existsSync(path));
}
