import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ColumnType } from '../../../../tasks/formats/parquet/column-type.ts';
import { openParquet, readWholeColumn } from '../../../../tasks/formats/parquet/read.ts';
import { createParquet } from '../../../../tasks/formats/parquet/write.ts';
import { query } from '../../../support/duckdb.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const columns: { name: string; type: ColumnType }[] = [
  { name: 'pose.xy', type: { listOf: { of: 'float32' }, length: 2 } },
  { name: 'words', type: { listOf: { of: 'string' } } },
  { name: 'count', type: { of: 'int64' } },
  { name: 'small', type: { of: 'uint8' } },
  { name: 'flag', type: { of: 'bool' } },
];
const first = {
  'pose.xy': [[1.5, 2]],
  words: [['a', 'ß']],
  count: BigInt64Array.of(2n ** 60n),
  small: [255],
  flag: [true],
};
const second = {
  'pose.xy': [
    [0, 0],
    [-1, 9],
  ],
  words: [[], ['b']],
  count: BigInt64Array.of(1n, 2n),
  small: [0, 1],
  flag: [false, true],
};

test('row groups come back column by column, and DuckDB sees the same', async (t) => {
  const path = writeTwoGroups(t);
  const source = await openParquet(path);
  assert.deepEqual(
    source.columns,
    columns.map(({ name }) => name),
  );
  assert.deepEqual(source.rowGroups, [
    { start: 0, end: 1 },
    { start: 1, end: 3 },
  ]);
  assert.deepEqual(await readWholeColumn(source, 'pose.xy'), [
    [1.5, 2],
    [0, 0],
    [-1, 9],
  ]);
  assert.deepEqual(await readWholeColumn(source, 'words'), [['a', 'ß'], [], ['b']]);
  const rows = await query(
    `select words::json::varchar, count, small, flag, "pose.xy"::json::varchar from read_parquet('${path}')`,
  );
  assert.deepEqual(rows, [
    ['["a","ß"]', 2n ** 60n, 255, true, '[1.5,2.0]'],
    ['[]', 1n, 0, false, '[0.0,0.0]'],
    ['["b"]', 2n, 1, true, '[-1.0,9.0]'],
  ]);
});

test('metadata is kept for readers of Parquet and, inside the Arrow schema, for readers of Arrow', async (t) => {
  const { metadata } = await openParquet(writeTwoGroups(t));
  assert.equal(metadata.origin, 'a test');
  const message = Buffer.from(metadata['ARROW:schema'] ?? '', 'base64');
  assert.equal(message.readUInt32LE(0), 0xffffffff);
  assert.equal(message.readInt32LE(4) + 8, message.length);
  assert.ok(message.includes('a test') && message.includes('pose.xy'));
});

test('what is not Parquet is a problem that names the file', async (t) => {
  const path = join(tempFolder(t), 'pointer.parquet');
  writeFileSync(path, 'version https://git-lfs.github.com/spec/v1\n');
  await assert.rejects(openParquet(path), { code: 'parquet-damaged', message: /pointer\.parquet/, hint: /LFS/ });
  await assert.rejects(openParquet(`${path}.no`), { code: 'file-unreadable' });
});

test('a run length that was blown up is a problem at once', { timeout: 10_000 }, async (t) => {
  const path = join(tempFolder(t), 'runs.parquet');
  const file = createParquet(path, [{ name: 'small', type: { of: 'uint8' } }]);
  file.write({ small: new Array(64).fill(0).concat(new Array(64).fill(1)) });
  file.close();
  const bytes = readFileSync(path);
  for (let position = 4; position < bytes.length - 8; position += 1) {
    const damaged = Buffer.from(bytes);
    damaged.fill(0xfe, position, position + 2);
    writeFileSync(path, damaged);
    const read = openParquet(path).then((source) => readWholeColumn(source, 'small'));
    await read.catch((problem: { name: string }) => assert.equal(problem.name, 'Problem'));
  }
});

function writeTwoGroups(t: Parameters<typeof tempFolder>[0]): string {
  const path = join(tempFolder(t), 'two.parquet');
  const file = createParquet(path, columns, { origin: 'a test' });
  file.write(first);
  file.write(second);
  file.close();
  return path;
}
