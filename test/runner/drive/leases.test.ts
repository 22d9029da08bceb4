import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestBytes } from '../../../cache/digest.ts';
import { Leases } from '../../../runner/drive/leases.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const fingerprint = digestBytes('a call');

test('a fingerprint has one run at a time, which is known by name', (t) => {
  const root = tempFolder(t);
  const [first, second] = [new Leases(root, '0001'), new Leases(root, '0002')];
  t.after(() => second.releaseAll());
  assert.deepEqual([first.take(fingerprint), first.take(fingerprint)], [true, true]);
  assert.deepEqual([second.take(fingerprint), second.has(fingerprint)], [false, false]);
  assert.match(second.ownerOf(fingerprint), new RegExp(`^run 0001 \\(process ${process.pid} on `));
  first.release(fingerprint);
  assert.equal(second.take(fingerprint), true);
});

test('a run lets go of what it has, and of nothing else', (t) => {
  const root = tempFolder(t);
  const [first, second] = [new Leases(root, '0001'), new Leases(root, '0002')];
  first.take(fingerprint);
  second.take(fingerprint);
  second.release(fingerprint);
  second.releaseAll();
  assert.equal(second.take(fingerprint), false);
  first.releaseAll();
  assert.deepEqual([first.has(fingerprint), second.take(fingerprint)], [false, true]);
  second.releaseAll();
});

test('what nobody has any more is said to be with another run', (t) => {
  assert.equal(new Leases(tempFolder(t), '0001').ownerOf(fingerprint), 'another run');
});

test('a fingerprint that another run took over is ours no more, and is not released for it', (t) => {
  const root = tempFolder(t);
  const [first, second] = [new Leases(root, '0001'), new Leases(root, '0002')];
  t.after(() => second.releaseAll());
  first.take(fingerprint);
  assert.deepEqual([first.holds(fingerprint), first.takeLost()], [true, []]);
  const [lock = ''] = readdirSync(join(root, 'locks')).filter((name) => name !== 'claims');
  rmSync(join(root, 'locks', lock));
  second.take(fingerprint);
  assert.deepEqual([first.takeLost(), first.has(fingerprint), first.holds(fingerprint)], [[fingerprint], false, false]);
  first.releaseAll();
  assert.equal(second.holds(fingerprint), true);
});
