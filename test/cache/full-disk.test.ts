import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openStore } from '../../cache/store.ts';
import { verifyStore } from '../../cache/verify.ts';
import { aRecord } from '../support/records.ts';
import { tempFolder } from '../support/temp-folder.ts';

for (const records of ['sqlite:records.sqlite', 'files:records']) {
  test(`a full disk is a problem that says so, and what was stored before stays sound (${records})`, async (t) => {
    const disk = smallDisk(t, '2m');
    if (!disk) return t.skip('this needs the right to mount a small disk');
    const outside = tempFolder(t);
    const store = await openStore(join(disk, 'store'), { records });
    const stored: string[] = [];
    let path = '';
    await assert.rejects(
      async () => {
        for (let index = 0; ; index += 1) {
          path = join(outside, `file-${index}`);
          writeFileSync(path, Buffer.alloc(60_000, index));
          const { digest, size } = await store.putTree(path, { how: 'move' });
          stored.push(path);
          await store.records.set(
            aRecord({ seed: index, outputs: { f: { $artifact: { kind: 'file', digest, size, meta: {} } } } }),
          );
        }
      },
      { code: 'disk-full', message: /store/ },
    );
    assert.ok(stored.length > 5);
    assert.deepEqual(readdirSync(join(store.root, 'tmp')), [], 'nothing is left half-written');
    assert.notEqual(existsSync(path), stored.includes(path), 'what could not be stored stays where it was');
    const report = await verifyStore(store);
    assert.deepEqual([report.wrongBlobs, report.damagedRecords, report.incompleteRecords], [[], [], []]);
    await store.close();
  });

  test(`a store that became read-only gives what it has and refuses more (${records})`, async (t) => {
    const disk = smallDisk(t, '4m');
    if (!disk) return t.skip('this needs the right to mount a small disk');
    const outside = tempFolder(t);
    const path = join(outside, 'x');
    writeFileSync(path, 'xx');
    const before = await openStore(join(disk, 'store'), { records });
    const { digest } = await before.putTree(path, { how: 'copy' });
    const record = aRecord({});
    await before.records.set(record);
    await before.close();
    const frozen = readOnlyView(t, disk);

    const store = await openStore(join(frozen, 'store'), { records });
    assert.deepEqual(await store.records.get(record.fingerprint), record);
    assert.equal(store.hasTree(digest), true);
    store.checkout(digest, join(outside, 'out'));
    writeFileSync(path, 'new');
    await assert.rejects(store.putTree(path, { how: 'move' }), { code: 'store-read-only' });
    await assert.rejects(store.records.set(aRecord({ seed: 2 })), { code: 'store-read-only' });
    assert.equal(existsSync(path), true);
    await store.close();
  });
}

/** A disk in memory, where this user may mount one. */
function smallDisk(t: TestContext, size: string): string | undefined {
  return mounted(t, (folder) => [['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]]);
}

function readOnlyView(t: TestContext, disk: string): string {
  const view = mounted(t, (folder) => [
    ['--bind', disk, folder],
    ['-o', 'remount,ro,bind', folder],
  ]);
  assert.ok(view);
  return view;
}

function mounted(t: TestContext, commands: (folder: string) => string[][]): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'stet-disk-'));
  t.after(() => {
    spawnSync('umount', ['-l', folder]);
    rmdirSync(folder);
  });
  return commands(folder).every((words) => spawnSync('mount', words).status === 0) ? folder : undefined;
}
