import assert from 'node:assert/strict';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestBytes } from '../../cache/digest.ts';
import { openStore } from '../../cache/store.ts';
import { verifyStore } from '../../cache/verify.ts';
import { aRecord } from '../support/records.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('a sound store has nothing to report; a wrong blob is put aside and its record named', async (t) => {
  const folder = tempFolder(t);
  const store = await openStore(join(folder, 'store'));
  t.after(() => store.close());
  writeFileSync(join(folder, 'x'), 'xx');
  const { digest, size } = await store.putTree(join(folder, 'x'), { how: 'move' });
  const record = aRecord({ outputs: { file: { $artifact: { kind: 'file', digest, size, meta: {} } } } });
  await store.records.set(record);

  const sound = await verifyStore(store);
  assert.deepEqual(
    [sound.blobs, sound.records, sound.wrongBlobs, sound.damagedRecords, sound.incompleteRecords],
    [2, 1, [], [], []],
  );

  const blob = store.blobs.pathOf(digestBytes('xx'));
  chmodSync(blob, 0o644);
  writeFileSync(blob, 'XX');
  const steps: string[] = [];
  const report = await verifyStore(store, { onProgress: (done, total) => steps.push(`${done}/${total}`) });
  assert.deepEqual(steps, ['1/2', '2/2']);
  assert.deepEqual(
    report.wrongBlobs.map((wrong) => wrong.digest),
    [digestBytes('xx')],
  );
  assert.deepEqual(report.incompleteRecords, [{ fingerprint: record.fingerprint, task: 'train', digest }]);
  assert.equal(readdirSync(join(store.root, 'quarantine')).length, 1);
  assert.deepEqual((await verifyStore(store)).wrongBlobs, []);
});
