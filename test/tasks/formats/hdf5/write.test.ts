import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readHdf5 } from '../../../../tasks/formats/hdf5/read.ts';
import { writeHdf5 } from '../../../../tasks/formats/hdf5/write.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

test('what is written is read back: groups in groups, numbers, booleans', async (t) => {
  const path = join(tempFolder(t), 'a.h5');
  const table = Float64Array.of(1, -2.5, Number.MIN_VALUE, 4, 5, 6);
  await writeHdf5(path, {
    attributes: { user: 'Zoë', scene: 123_456_789_012n, success: true },
    datasets: {
      'a/b/c': { shape: [2, 3], values: table },
      'a/flags': { shape: [3], values: Uint8Array.of(0, 1, 1) },
      times: { shape: [2], values: BigInt64Array.of(-5n, 2n ** 62n) },
    },
  });
  const file = readHdf5(path);
  assert.deepEqual([...file.datasets.keys()].sort(), ['a/b/c', 'a/flags', 'times']);
  assert.deepEqual(file.dataset('a/b/c').shape, [2, 3]);
  assert.deepEqual(file.dataset('a/b/c').read(), table);
  assert.deepEqual(file.dataset('times').read(), BigInt64Array.of(-5n, 2n ** 62n));
  assert.deepEqual(file.dataset('a/flags').type, { of: 'bool' });
});

test('a group may have many members', async (t) => {
  const path = join(tempFolder(t), 'a.h5');
  const names = Array.from({ length: 100 }, (_, i) => `group/member-${i}`);
  await writeHdf5(path, {
    datasets: Object.fromEntries(names.map((name, i) => [name, { shape: [1], values: Float64Array.of(i) }])),
  });
  const file = readHdf5(path);
  for (const [i, name] of names.entries()) assert.deepEqual(file.dataset(name).read(), Float64Array.of(i));
});
