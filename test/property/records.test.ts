import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../cache/canonical-json.ts';
import { artifactsIn, openRecords } from '../../cache/records.ts';
import { openStore } from '../../cache/store.ts';
import { verifyStore } from '../../cache/verify.ts';
import { exited, nextLine, startChild } from '../support/child-module.ts';
import { aRecord } from '../support/records.ts';
import { tempFolder } from '../support/temp-folder.ts';

for (const url of ['sqlite:records.sqlite', 'files:records']) {
  const kind = url.split(':')[0];

  test(`${kind}: any record comes back as it was set`, async (t) => {
    const records = await openRecords(url, { root: tempFolder(t), warn: (message) => assert.fail(message) });
    t.after(() => records.close());
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }),
        fc.dictionary(fc.string(), fc.jsonValue()),
        async (text, outputs) => {
          const plain = JSON.parse(JSON.stringify(outputs)) as Record<string, Json>;
          const record = aRecord({ text, outputs: plain });
          await records.set(record);
          assert.deepEqual(await records.get(record.fingerprint), record);
        },
      ),
      { numRuns: 100 },
    );
  });

  test(`${kind}: a writer that is killed at any moment leaves a sound store with all that it had finished`, async (t) => {
    const root = join(tempFolder(t), 'store');
    let finished = -1;
    for (let death = 0; death < 8; death += 1) {
      const child = startChild(import.meta.url, '../support/store-writer', [root, url, `${finished + 1}`]);
      child.stdout?.on('data', (chunk: Buffer) => {
        finished = Math.max(finished, ...chunk.toString().split('\n').filter(Boolean).map(Number));
      });
      await nextLine(child);
      const more = 1 + ((death * 7) % 20);
      for (let line = 0; line < more; line += 1) await nextLine(child);
      child.kill('SIGKILL');
      await exited(child);
    }

    const store = await openStore(root, { records: url, warn: (message) => assert.fail(message) });
    t.after(() => store.close());
    const report = await verifyStore(store);
    assert.deepEqual([report.wrongBlobs, report.damagedRecords, report.incompleteRecords], [[], [], []]);
    for (let seed = 0; seed <= finished; seed += 1) {
      const record = await store.records.get(aRecord({ seed }).fingerprint);
      assert.ok(record, `seed ${seed} of ${finished}`);
      for (const { digest } of Object.values(record.outputs).flatMap(artifactsIn))
        assert.equal(store.hasTree(digest), true);
    }
  });
}
