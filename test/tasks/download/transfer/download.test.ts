import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { listRemote } from '../../../../tasks/download/sources/open.ts';
import type { Access } from '../../../../tasks/download/sources/source.ts';
import { download, type Downloaded } from '../../../../tasks/download/transfer/download.ts';
import { testAccess } from '../../../support/access.ts';
import { GcsServer } from '../../../support/gcs-server.ts';
import type { Fault } from '../../../support/object-server.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const place = 'gs://robots/set/1.0.0';
const big = 400_000;

test('all objects below the prefix come to lie under their names, and nothing else does', async (t) => {
  const { bucket, fetch, folder, root } = await scene(t);
  bucket.put('set/1.0.0-old/stranger', 'x');
  bucket.put('set/1.0.0/inner/', '');
  const done = await fetch();
  assert.deepEqual(treeOf(folder), { 'a.bin': bytesOf(1), empty: '', 'inner/b.bin': bytesOf(2) });
  assert.deepEqual([done.files, done.kept, done.bytes, done.movedBytes], [3, 0, 2 * big, 2 * big]);
  assert.deepEqual(readdirSync(root).sort(), ['.data.download', 'data']);
});

test('what is there and intact is neither asked for nor read again', async (t) => {
  const { bucket, fetch } = await scene(t);
  await fetch();
  const reads = bucket.reads().length;
  const again = await fetch();
  assert.deepEqual([again.kept, again.movedBytes, bucket.reads().length], [3, 0, reads]);
});

test('a file that was touched is read, and one with other bytes is fetched again', async (t) => {
  const { bucket, fetch, folder } = await scene(t);
  await fetch();
  const reads = bucket.reads().length;
  utimesSync(join(folder, 'a.bin'), 1, 1);
  writeFileSync(join(folder, 'inner/b.bin'), Buffer.alloc(big));
  assert.equal((await fetch()).kept, 2);
  assert.equal(bucket.reads().length, reads + 1);
  assert.equal(readFileSync(join(folder, 'inner/b.bin'), 'latin1'), bytesOf(2));
});

test('checkData finds a file that was changed behind its times', async (t) => {
  const { fetch, folder } = await scene(t);
  await fetch();
  const path = join(folder, 'a.bin');
  utimesSync(path, 1000, 1000);
  await fetch(); // notes these times
  writeFileSync(path, Buffer.alloc(big));
  utimesSync(path, 1000, 1000);
  assert.equal((await fetch()).kept, 3);
  assert.equal((await fetch({ checkData: true })).kept, 2);
  assert.equal(readFileSync(path, 'latin1'), bytesOf(1));
});

const faults: Readonly<Record<string, Fault[]>> = {
  'a connection that drops half-way': [{ type: 'drop', afterBytes: big / 2 }],
  'a connection that drops again and again, a little further each time': Array.from({ length: 5 }, () => ({
    type: 'drop',
    afterBytes: 70_000,
  })),
  'a busy server': [
    { type: 'status', status: 503, headers: { 'retry-after': '0' } },
    { type: 'status', status: 429 },
  ],
  'a server that stands still': [{ type: 'stall', afterBytes: 100_000 }],
  'wrong bytes': [{ type: 'wrong-bytes' }],
  'a drop, and then a server that knows no ranges': [{ type: 'drop', afterBytes: big / 2 }, { type: 'no-range' }],
};
for (const [what, list] of Object.entries(faults)) {
  test(`${what} does not spoil a download`, async (t) => {
    const { bucket, fetch, folder } = await scene(t, { idleSeconds: 0.2 });
    bucket.objects.delete('set/1.0.0/inner/b.bin');
    bucket.objects.delete('set/1.0.0/empty');
    bucket.faults = [...list];
    await fetch();
    assert.equal(bucket.faults.length, 0);
    assert.equal(readFileSync(join(folder, 'a.bin'), 'latin1'), bytesOf(1));
  });
}

test('after a drop only the rest is asked for', async (t) => {
  const { bucket, fetch } = await scene(t);
  bucket.faults = [{ type: 'drop', afterBytes: 131_072 }];
  await fetch({ parallel: 1 });
  assert.equal(bucket.bytesServed, 2 * big);
});

test('a slow server is waited for as long as it moves', async (t) => {
  const { bucket, fetch } = await scene(t, { idleSeconds: 0.5 });
  bucket.bytesPerSecond = 500_000;
  assert.equal((await fetch()).movedBytes, 2 * big);
});

test('a server that stays broken ends the download, and says for which files', async (t) => {
  const { bucket, fetch, folder } = await scene(t);
  bucket.faults = Array.from({ length: 100 }, () => ({ type: 'status', status: 503 }) as const);
  await assert.rejects(fetch(), { code: 'files-missing', message: /3 of 3 files.*\n.*a\.bin: Gave up after 4 tries/ });
  bucket.faults = [];
  await fetch();
  assert.equal(Object.keys(treeOf(folder)).length, 3);
});

test('content that is always wrong is refused with both checksums, and gets no name', async (t) => {
  const { bucket, fetch, folder } = await scene(t);
  bucket.faults = Array.from({ length: 3 }, () => ({ type: 'wrong-bytes' }) as const);
  await assert.rejects(fetch({ parallel: 1 }), {
    code: 'checksum-differs',
    message: /a\.bin.*crc32c [0-9a-f]{8} expected/,
  });
  assert.ok(!existsSync(join(folder, 'a.bin')));
  assert.ok(existsSync(join(folder, 'inner/b.bin')));
});

test('an object that changes between listing and reading is refused, and taken anew by the next run', async (t) => {
  const { bucket, fetch, folder } = await scene(t);
  bucket.faults = [{ type: 'drop', afterBytes: big / 2 }];
  bucket.onContent = () => {
    bucket.put('set/1.0.0/a.bin', Buffer.alloc(big, 9));
    bucket.onContent = () => {};
  };
  await assert.rejects(fetch({ parallel: 1 }), { code: 'source-changed', message: /a\.bin/ });
  await fetch();
  assert.deepEqual(readFileSync(join(folder, 'a.bin')), Buffer.alloc(big, 9));
});

test('a listing page that is cut off or refused is asked for again', async (t) => {
  const { bucket, fetch } = await scene(t);
  bucket.pageSize = 1;
  bucket.listFaults = ['cut', 503];
  assert.equal((await fetch()).files, 3);
});

test('too full a disk is told before the first byte, with both numbers', async (t) => {
  const { bucket, access, folder } = await scene(t);
  const remote = await listRemote(place, { access });
  const objects = remote.objects.map((object) => ({ ...object, sizeBytes: 1e15 }));
  await assert.rejects(download({ ...remote, objects }, folder, { access, parallel: 1 }), {
    code: 'not-enough-room',
    message: /needs 3000000000000000 more bytes \(3\.0 PB\).* has \d+ \([\d.]+ [kMGTP]?B\) free/,
  });
  assert.equal(bucket.reads().length, 0);
});

test('names that would leave the folder, or clash on some disks, are refused all at once', async (t) => {
  const { bucket, fetch } = await scene(t);
  for (const name of ['../up', '/root', 'x/../y', 'zero\0', 'A.bin', 'inner/b.bin/c', 'a//b'])
    bucket.put(`set/1.0.0/${name}`, '');
  await assert.rejects(fetch(), (error: Error & { code: string }) => {
    assert.equal(error.code, 'unsafe-names');
    for (const name of ['"../up"', '"/root"', '"x/../y"', 'zero\\u0000', 'A.bin', '"inner/b.bin"', '"a//b"']) {
      assert.ok(error.message.includes(name), `${name} in ${error.message}`);
    }
    return true;
  });
  assert.equal(bucket.reads().length, 0);
});

test('a link in the folder that leads out of it is not followed', async (t) => {
  const { fetch, folder, root } = await scene(t);
  mkdirSync(join(root, 'elsewhere'));
  mkdirSync(folder);
  symlinkSync('../elsewhere', join(folder, 'inner'));
  await assert.rejects(fetch(), { code: 'link-leaves-folder' });
  assert.deepEqual(readdirSync(join(root, 'elsewhere')), []);
});

test('a second download into the same folder is refused while the first one runs', async (t) => {
  const { bucket, fetch } = await scene(t);
  bucket.bytesPerSecond = 2_000_000;
  const begun = new Promise<void>((resolve) => (bucket.onContent = () => resolve()));
  const first = fetch();
  await begun;
  await assert.rejects(fetch(), { code: 'folder-busy', message: new RegExp(`Process ${process.pid} `) });
  assert.equal((await first).files, 3);
});

test('whatever goes wrong on the way, and wherever it is ended, the same bytes arrive', async (t) => {
  const fault = fc.oneof(
    fc.record({ type: fc.constant('drop' as const), afterBytes: fc.integer({ min: 0, max: big }) }),
    fc.record({ type: fc.constant('status' as const), status: fc.constantFrom(500, 503, 429) }),
    fc.constantFrom<Fault>({ type: 'wrong-bytes' }, { type: 'no-range' }),
  );
  const rounds = fc.array(fc.record({ faults: fc.array(fault, { maxLength: 6 }), endAfterRead: fc.nat(6) }), {
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(rounds, async (rounds) => {
      const { bucket, folder, fetch } = await scene(t);
      for (const { faults, endAfterRead } of rounds) {
        const ending = new AbortController();
        let reads = 0;
        bucket.faults = [...faults];
        bucket.onContent = () => {
          reads += 1;
          if (reads > endAfterRead) ending.abort(new Error('ended'));
        };
        await fetch({}, ending.signal).catch(() => undefined); // ended, or a fault too many
      }
      bucket.faults = [];
      bucket.onContent = () => {};
      await fetch();
      assert.deepEqual(treeOf(folder), { 'a.bin': bytesOf(1), empty: '', 'inner/b.bin': bytesOf(2) });
    }),
    { numRuns: 25 },
  );
});

interface Scene {
  readonly bucket: GcsServer;
  readonly root: string;
  readonly folder: string;
  readonly access: Access;
  readonly fetch: (options?: { parallel?: number; checkData?: boolean }, signal?: AbortSignal) => Promise<Downloaded>;
}

async function scene(t: TestContext, options: { idleSeconds?: number } = {}): Promise<Scene> {
  const bucket = await new GcsServer('robots').start(t);
  bucket.put('set/1.0.0/a.bin', Buffer.from(bytesOf(1), 'latin1'));
  bucket.put('set/1.0.0/inner/b.bin', Buffer.from(bytesOf(2), 'latin1'));
  bucket.put('set/1.0.0/empty', '');
  const root = tempFolder(t);
  const folder = join(root, 'data');
  const access = testAccess({ STORAGE_EMULATOR_HOST: bucket.url }, options);
  const fetch: Scene['fetch'] = async ({ parallel = 2, checkData = false } = {}, signal = access.signal) => {
    const given = { ...access, signal };
    return download(await listRemote(place, { access: given }), folder, { access: given, parallel, checkData });
  };
  return { bucket, root, folder, access, fetch };
}

/** Like no other content, and different in each half. */
function bytesOf(seed: number): string {
  return Buffer.from(Array.from({ length: big }, (_, i) => (i * 31 + (i >> 8) * seed) % 256)).toString('latin1');
}

function treeOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]));
}
