import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { artifactsIn, openRecords, type Records } from '../../cache/records.ts';
import { loadSql } from '../../cache/sql.ts';
import { aRecord } from '../support/records.ts';
import { tempFolder } from '../support/temp-folder.ts';

const record = aRecord({ seed: 1 });

for (const [name, damage] of [
  ['cut off', (text: string) => text.slice(0, -20)],
  ['empty', () => ''],
  ['with a changed input', (text: string) => text.replace('"seed":1', '"seed":2')],
  ['with a changed output', (text: string) => text.replace('"score":1', '"score":7')],
  ['that is rubbish', () => '\0\0\0'],
] as const) {
  test(`a record ${name} is a miss with a warning`, async (t) => {
    const root = tempFolder(t);
    const warnings: string[] = [];
    const records = await openRecords('files:records', { root, warn: (message) => warnings.push(message) });
    await records.set(record);
    const path = fileOf(root, record.fingerprint);
    writeFileSync(path, damage(readFileSync(path, 'utf8')));

    assert.equal(await records.get(record.fingerprint), undefined);
    assert.deepEqual(await records.getMany([record.fingerprint]), [undefined]);
    assert.ok(warnings.length >= 2 || damage('').length === 0);
    await records.set(record);
    assert.deepEqual(await records.get(record.fingerprint), record);
  });
}

test('damaged records in the embedded store are misses, and are listed as damaged', async (t) => {
  const root = tempFolder(t);
  const warnings: string[] = [];
  const records = await openRecords('sqlite:r.sqlite', { root, warn: (message) => warnings.push(message) });
  t.after(() => records.close());
  await records.set(record);
  const engine = await loadSql();
  assert.ok(typeof engine === 'function');
  const database = engine(join(root, 'r.sqlite'));
  database.exec(`UPDATE entries SET value = substr(value, 1, 50) WHERE key LIKE '%sha256:%'`);
  database.close();

  assert.equal(await records.get(record.fingerprint), undefined);
  assert.match(warnings[0] ?? '', /damaged.*taken as missing/);
  const damaged: string[] = [];
  for await (const { fingerprint } of records.damaged()) damaged.push(fingerprint);
  assert.deepEqual(damaged, [record.fingerprint]);
});

test('a broken store is a problem, never a miss', async (t) => {
  const root = tempFolder(t);
  writeFileSync(join(root, 'r.sqlite'), 'this is no database, and it is longer than a header would be'.repeat(100));
  await assert.rejects(openRecords('sqlite:r.sqlite', { root }), { code: 'records-unusable' });
});

test('a database that breaks while it is open throws', async (t) => {
  const root = tempFolder(t);
  const writer = await openRecords('sqlite:r.sqlite', { root });
  for (let seed = 0; seed < 500; seed += 1) await writer.set(aRecord({ seed }));
  await writer.close();
  const engine = await loadSql();
  assert.ok(typeof engine === 'function');
  const database = engine(join(root, 'r.sqlite'));
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  truncateSync(join(root, 'r.sqlite'), 8192);
  await assert.rejects(readAll(root), { code: 'records-unusable' });
});

test('files that cannot be read are a problem, never a miss', {
  skip: process.getuid?.() === 0 && 'root may read everything',
}, async (t) => {
  const root = tempFolder(t);
  const records = await openRecords('files:records', { root });
  await records.set(record);
  chmodSync(fileOf(root, record.fingerprint), 0o000);
  await assert.rejects(records.get(record.fingerprint), { code: 'store-read-only' });
});

test('artifacts are found at any depth, in reading order', () => {
  const artifact = (digest: string) => ({ $artifact: { kind: 'k', digest, size: 1, meta: { $artifact: 'not one' } } });
  const found = artifactsIn({ rows: [{ policy: artifact('a'), score: 1 }, artifact('b')], c: artifact('c'), d: null });
  assert.deepEqual(
    found.map(({ digest }) => digest),
    ['a', 'b', 'c'],
  );
});

test('a record whose recipe has another fingerprint cannot be set', async (t) => {
  const records: Records = await openRecords('files:records', { root: tempFolder(t) });
  await assert.rejects(
    records.set({ ...record, fingerprint: aRecord({ seed: 2 }).fingerprint }),
    /mistake in the framework/,
  );
});

async function readAll(root: string): Promise<void> {
  const records = await openRecords('sqlite:r.sqlite', { root });
  try {
    for await (const { fingerprint } of records.all()) await records.get(fingerprint);
  } finally {
    await records.close();
  }
}

function fileOf(root: string, key: string): string {
  const folder = join(root, 'records');
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const path = paths.find((candidate) => readFileSync(candidate, 'utf8').startsWith(`stet-v1:${key}`));
  assert.ok(path);
  return path;
}
