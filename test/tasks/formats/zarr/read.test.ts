import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../../../cache/problem.ts';
import { packageRoot } from '../../../../tasks/core/package-root.ts';
import { readArray } from '../../../../tasks/formats/zarr/read.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const sample = join(packageRoot(), 'samples/pusht/pusht_cchi_v7_replay.zarr');

/** Computed with numpy in float64 from the same store; `std` is the population one. */
const known = {
  'data/action': { mean: [228.239649122807, 293.98908382066276], std: [101.59957519305443, 96.03929039690144] },
  'data/state': {
    mean: [229.1110279517146, 293.31123597634, 246.49616091187238, 272.36215637653197, 1.819493449912259],
    std: [101.85470496174935, 96.48948458165445, 63.86959333838185, 65.88838713795148, 1.7861022826736759],
  },
  'data/n_contacts': { mean: [0.49056530214424954], std: [0.5509593548056976] },
};

for (const [path, expected] of Object.entries(known)) {
  test(`${path} of the sample has the means and deviations that numpy finds`, async () => {
    const { shape, dtype, data } = await readArray(sample, path);
    assert.deepEqual([shape, dtype], [[25_650, expected.mean.length], 'float32']);
    const found = moments(Array.from(data, Number), expected.mean.length);
    found.mean.forEach((mean, i) => assert.ok(Math.abs(mean - (expected.mean[i] ?? 0)) < 1e-8, `mean ${mean}`));
    found.std.forEach((std, i) => assert.ok(Math.abs(std - (expected.std[i] ?? 0)) < 1e-8, `std ${std}`));
  });
}

test('an array with three axes is row-major', async () => {
  const { shape, data } = await readArray(sample, 'data/keypoint');
  assert.deepEqual(shape, [25_650, 9, 2]);
  const { mean } = moments(Array.from(data, Number), 18);
  assert.ok(Math.abs((mean[0] ?? 0) - 213.81476289001822) < 1e-8);
  assert.ok(Math.abs((mean[17] ?? 0) - 281.2451668907002) < 1e-8);
});

test('the padding of a chunk that is longer than the array is left out', async () => {
  const { shape, dtype, data } = await readArray(sample, 'meta/episode_ends');
  assert.deepEqual([shape, dtype], [[206], 'int64']);
  assert.deepEqual(Array.from(data.slice(0, 5), Number), [161, 279, 420, 579, 738]);
  assert.equal(Number(data.at(-1)), 25_650);
});

test('a chunk that is absent has the fill value', async (t) => {
  const store = copyOfSample(t);
  rmSync(join(store, 'data/action/1.0'));
  const { data } = await readArray(store, 'data/action');
  assert.ok(data.slice(161 * 2, 2 * 161 * 2).every((value) => value === 0));
  assert.notEqual(data[161 * 2 - 1], 0);
});

test('a damaged chunk is a problem that names the array and the file', async (t) => {
  const store = copyOfSample(t);
  const file = join(store, 'data/action/2.0');
  writeFileSync(file, Buffer.alloc(100, 7));
  await assert.rejects(readArray(store, 'data/action'), (problem: Problem) => {
    assert.equal(problem.code, 'zarr-chunk');
    assert.ok(problem.message.includes('"data/action"') && problem.message.includes(file), problem.message);
    return true;
  });
});

test('a Git LFS pointer in place of a chunk is recognised', async (t) => {
  const store = copyOfSample(t);
  writeFileSync(join(store, 'data/action/2.0'), 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n');
  await assert.rejects(readArray(store, 'data/action'), { code: 'lfs-pointer', message: /data\/action\/2\.0/ });
});

test('an array that is not there is a problem that names its description', async () => {
  await assert.rejects(readArray(sample, 'data/img'), { code: 'zarr-array', message: /"data\/img"/, hint: /\.zarray/ });
});

test('a compressor that is not known is named', async (t) => {
  const store = writeStore(t, { compressor: { id: 'wavelet' } });
  await assert.rejects(readArray(store, 'a'), { code: 'zarr-chunk', message: /wavelet/ });
});

test('text cannot be read as numbers', async (t) => {
  await assert.rejects(readArray(writeStore(t, { dtype: '<U4' }), 'a'), { code: 'zarr-type' });
});

test('columns-first order is turned into row-major order', async (t) => {
  const store = writeStore(t, { shape: [2, 3], chunks: [2, 3], order: 'F', dtype: '|u1' });
  writeFileSync(join(store, 'a/0.0'), Uint8Array.of(1, 4, 2, 5, 3, 6));
  assert.deepEqual([...(await readArray(store, 'a')).data], [1, 2, 3, 4, 5, 6]);
});

test('random bytes as chunk or description are a problem or an array, nothing else', async (t) => {
  const store = writeStore(t, { compressor: { id: 'blosc', cname: 'zstd', clevel: 5, shuffle: 2 } });
  const description = (settings: object): string => JSON.stringify({ ...plain, ...settings });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, asChunk) => {
      writeFileSync(join(store, 'a/0'), asChunk ? bytes : Buffer.alloc(0));
      const blosc = description({ compressor: { id: 'blosc', cname: 'zstd', clevel: 5, shuffle: 2 } });
      writeFileSync(join(store, 'a/.zarray'), asChunk ? blosc : bytes);
      await readArray(store, 'a').catch((error: unknown) => assert.ok(Problem.is(error), String(error)));
    }),
    { numRuns: 200 },
  );
});

const plain = {
  zarr_format: 2,
  shape: [4],
  chunks: [4],
  dtype: '<f4',
  order: 'C',
  compressor: null as object | null,
  filters: null,
  fill_value: 0,
};

function writeStore(t: { after: (fn: () => void) => void }, settings: Partial<typeof plain>): string {
  const store = tempFolder(t);
  mkdirSync(join(store, 'a'));
  writeFileSync(join(store, 'a/.zarray'), JSON.stringify({ ...plain, ...settings }));
  writeFileSync(join(store, 'a/0'), Buffer.alloc(16));
  return store;
}

function copyOfSample(t: { after: (fn: () => void) => void }): string {
  const store = join(tempFolder(t), 'replay.zarr');
  cpSync(join(sample, 'data/action'), join(store, 'data/action'), { recursive: true });
  return store;
}

function moments(values: readonly number[], width: number): { mean: number[]; std: number[] } {
  const columns = Array.from({ length: width }, (_, i) => values.filter((_value, at) => at % width === i));
  const mean = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length);
  const std = columns.map((column, i) =>
    Math.sqrt(column.reduce((sum, value) => sum + (value - (mean[i] ?? 0)) ** 2, 0) / column.length),
  );
  return { mean, std };
}
