import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { verifyStore } from '../../cache/verify.ts';
import { Problem } from '../../cache/problem.ts';
import { folder } from '../../tasks/kinds/folder.ts';
import { finish, outOf, Rig } from '../support/rig.ts';

/** A rig on a disk of a few megabytes; undefined where we may not mount one. */
async function smallDisk(
  t: TestContext,
): Promise<{ rig: Rig; fill: () => void; empty: () => void; lockDown: () => void; unlock: () => void } | undefined> {
  const disk = mkdtempSync(join(tmpdir(), 'disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk], { stdio: 'ignore' });
  } catch {
    rmSync(disk, { recursive: true });
    return undefined;
  }
  const place = join(disk, 'rig');
  mkdirSync(place);
  const rig = await Rig.start(t, place);
  t.after(() => {
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true });
  });
  const filler = join(disk, 'filler');
  const fill = (): void => {
    for (let bytes = 4 << 20; bytes >= 1; bytes >>= 1) {
      try {
        writeFileSync(filler, 'x'.repeat(bytes), { flag: 'a' });
      } catch {
        // a smaller piece may still fit
      }
    }
  };
  // A read-only view of itself on top: a file system with open files cannot be made read-only.
  const lockDown = (): void => {
    execFileSync('mount', ['--bind', disk, disk]);
    execFileSync('mount', ['-o', 'remount,bind,ro', disk]);
  };
  return { rig, fill, empty: () => rmSync(filler), lockDown, unlock: () => execFileSync('umount', ['-l', disk]) };
}

test('a full disk is called by its name, leaves nothing half-stored, and the next run finishes', async (t) => {
  const disk = await smallDisk(t);
  if (!disk) return t.skip('no right to mount a small disk');
  const { rig, fill, empty } = disk;
  const make = rig.puppet('make', {}, { model: folder });
  const first = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  await puppet.write(join(outOf(puppet, 'model'), 'w'), 'weights '.repeat(20_000));
  fill();
  puppet.exit();
  const problem = await first.ended().then(
    () => first.events.find((event) => event.type === 'node-failed')?.failure,
    (error: unknown) => error,
  );
  assert.ok(typeof problem === 'object' && problem !== null && 'code' in problem);
  assert.ok(['disk-full', 'records-unusable'].includes(String(problem.code)), String(problem.code));
  empty();
  const store = await rig.store();
  const report = await verifyStore(store);
  assert.deepEqual([report.wrongBlobs, report.damagedRecords, report.incompleteRecords], [[], [], []]);
  assert.deepEqual(await rig.records(), []);

  const second = await rig.run(() => make({}));
  const again = await rig.started('make');
  await again.write(join(outOf(again, 'model'), 'w'), 'weights');
  again.exit();
  assert.equal((await second.ended()).status, 'succeeded');
});

test('a store that cannot be written is called by its name', async (t) => {
  const disk = await smallDisk(t);
  if (!disk) return t.skip('no right to mount a small disk');
  const { rig, lockDown, unlock } = disk;
  const make = rig.puppet('make', {}, { value: z.int() });
  const first = await rig.run(() => make({}));
  await finish(await rig.started('make'), { value: 1 });
  await first.ended();
  await rig.closeStores();
  lockDown();
  const problem: unknown = await rig
    .run(() => make({}))
    .then(
      (run) => run.ended(),
      (error: unknown) => error,
    );
  unlock();
  assert.ok(Problem.is(problem), String(problem));
  assert.equal(problem.code, 'store-read-only');
});
