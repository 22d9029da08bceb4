import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fingerprint } from '../../cache/recipe.ts';
import { type NodeRecord, openRecords, type Records } from '../../cache/records.ts';
import { exited, startChild } from '../support/child-module.ts';
import { aRecord } from '../support/records.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Every store of records keeps these promises. Servers are tried when an address is given. */
const kinds: { name: string; url: string | undefined; absent: string }[] = [
  { name: 'sqlite', url: 'sqlite:records.sqlite', absent: '' },
  { name: 'files', url: 'files:records', absent: '' },
  { name: 'redis', url: process.env.STET_TEST_REDIS, absent: 'STET_TEST_REDIS gives no address' },
  { name: 'postgres', url: process.env.STET_TEST_POSTGRES, absent: 'STET_TEST_POSTGRES gives no address' },
];

for (const { name, url, absent } of kinds) {
  const promise = (title: string, body: (open: () => Promise<Records>, root: string) => Promise<void>): void => {
    test(`${name}: ${title}`, { skip: url === undefined ? absent : false }, async (t) => {
      const root = tempFolder(t);
      await body(async () => {
        const records = await openRecords(url ?? '', { root, warn: (message) => assert.fail(message) });
        t.after(() => records.close().catch(() => undefined));
        return records;
      }, root);
    });
  };

  promise('a record comes back as it was set, also after opening again', async (open) => {
    const records = await open();
    const record = aRecord({ seed: 1, text: ':base64:x \u2028 "quoted" ä' });
    await records.set(record);
    assert.deepEqual(await records.get(record.fingerprint), record);
    await records.close();
    assert.deepEqual(await (await open()).get(record.fingerprint), record);
  });

  promise('what was never set is a miss', async (open) => {
    const records = await open();
    assert.equal(await records.get(aRecord({ seed: 99 }).fingerprint), undefined);
    assert.equal(await records.newest('nobody'), undefined);
    assert.deepEqual(await records.getMany([]), []);
  });

  promise('many are given in the order in which they were asked for', async (open) => {
    const records = await open();
    const [a, b, c] = [aRecord({ seed: 1 }), aRecord({ seed: 2 }), aRecord({ seed: 3 })];
    await records.set(a);
    await records.set(c);
    assert.deepEqual(await records.getMany([c.fingerprint, b.fingerprint, a.fingerprint]), [c, undefined, a]);
  });

  promise('a later record replaces an earlier one', async (open) => {
    const records = await open();
    const record = aRecord({ seed: 1 });
    const later: NodeRecord = { ...record, outputs: { score: 2 } };
    await records.set(record);
    await records.set(later);
    assert.deepEqual(await records.get(record.fingerprint), later);
  });

  promise('a deleted record is a miss', async (open) => {
    const records = await open();
    const record = aRecord({ seed: 1 });
    await records.set(record);
    await records.delete([record.fingerprint]);
    await records.delete([record.fingerprint]);
    assert.equal(await records.get(record.fingerprint), undefined);
  });

  promise('all gives every record once', async (open) => {
    const records = await open();
    const set = Array.from({ length: 30 }, (_, seed) => aRecord({ seed }));
    for (const record of set) await records.set(record);
    const found: string[] = [];
    for await (const record of records.all()) found.push(record.fingerprint);
    assert.equal(new Set(found).size, found.length);
    const wanted = new Set<string>(set.map((record) => fingerprint(record.recipe)));
    assert.equal(found.filter((one) => wanted.has(one)).length, wanted.size);
    // A server keeps what the tests before wrote; the other stores are new for each test.
    if (!url?.includes('//')) assert.equal(found.length, wanted.size);
  });

  promise('the newest record of a task is the last that was set', async (open) => {
    const records = await open();
    await records.set(aRecord({ seed: 2, task: 'a' }));
    await records.set(aRecord({ seed: 1, task: 'a' }));
    await records.set(aRecord({ seed: 3, task: 'b' }));
    assert.equal(await records.newest('a'), aRecord({ seed: 1, task: 'a' }).fingerprint);
  });

  promise('four processes write at once and nothing is lost', async (open, root) => {
    await (await open()).close();
    const writers = [0, 1, 2, 3].map((index) =>
      startChild(import.meta.url, '../support/record-writer', [url ?? '', root, `${index * 1000}`, '200']),
    );
    assert.deepEqual(await Promise.all(writers.map(exited)), [0, 0, 0, 0]);
    const records = await open();
    const asked = [0, 1, 2, 3].flatMap((index) =>
      Array.from({ length: 200 }, (_, n) => aRecord({ seed: index * 1000 + n })),
    );
    assert.deepEqual(await records.getMany(asked.map((record) => record.fingerprint)), asked);
  });
}

test('an address that says nothing is refused with what would do', async (t) => {
  const root = tempFolder(t);
  await assert.rejects(openRecords('mysql://x', { root }), { code: 'wrong-records-url', hint: /sqlite:PATH/ });
  await assert.rejects(openRecords('nonsense', { root }), { code: 'wrong-records-url' });
});

test('a server whose package is not installed is refused with what to install, without its password', async (t) => {
  const isInstalled = await import('@keyv/redis').then(
    () => true,
    () => false,
  );
  if (isInstalled) return t.skip('@keyv/redis is installed, as npm ci does here');
  await assert.rejects(
    openRecords('redis://me:secret@host:1', { root: tempFolder(t) }),
    (error: Error & { code: string; hint: string }) => {
      return (
        error.code === 'package-missing' &&
        error.hint === 'Run npm install @keyv/redis' &&
        !error.message.includes('secret')
      );
    },
  );
});

test('auto is the embedded store on a local disk', async (t) => {
  const root = tempFolder(t);
  const records = await openRecords('auto', { root });
  t.after(() => records.close());
  assert.equal(records.place, join(root, 'records.sqlite'));
  assert.equal(records.warning, undefined);
});

test('auto stays with files where records are files already', async (t) => {
  const root = tempFolder(t);
  const files = await openRecords('files:records', { root });
  await files.set(aRecord({ seed: 1 }));
  const records = await openRecords('auto', { root });
  assert.deepEqual(await records.get(aRecord({ seed: 1 }).fingerprint), aRecord({ seed: 1 }));
});
