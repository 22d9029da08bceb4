import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../../../cache/problem.ts';
import { packageRoot } from '../../../../tasks/core/package-root.ts';
import { type Hdf5Dataset, readHdf5 } from '../../../../tasks/formats/hdf5/read.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const folder = join(packageRoot(), 'test/data/hdf5');

interface KnownObject {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly shape?: readonly number[];
  readonly type?: string;
  readonly sha256?: string;
}

const known = JSON.parse(readFileSync(join(folder, 'known-values.json'), 'utf8')) as Record<
  string,
  Record<string, KnownObject>
>;

for (const [name, objects] of Object.entries(known)) {
  test(`every value and attribute of ${name.split('/').pop()} is what h5py reads`, () => {
    const file = readHdf5(join(folder, name));
    assert.deepEqual(
      ['', ...file.groups.filter((at) => at !== ''), ...file.datasets.keys()].map((at) => `/${at}`).sort(),
      Object.keys(objects).sort(),
    );
    for (const [path, expected] of Object.entries(objects)) {
      const at = path.slice(1);
      assert.deepEqual(file.attributes(at), expected.attributes);
      if (expected.type === undefined) continue;
      const dataset = file.dataset(at);
      assert.deepEqual([dataset.shape, dataset.type.of], [expected.shape, expected.type], path);
      assert.equal(digestOf(dataset), expected.sha256, path);
    }
  });
}

test('a wrong path is answered with what the group has', () => {
  const file = readHdf5(join(folder, 'aloha.hdf5'));
  assert.throws(() => file.dataset('observations/qposs'), {
    code: 'hdf5-missing',
    message: /aloha\.hdf5 has no "\/observations\/qposs"/,
    hint: /"\/observations\/qpos"/,
  });
  assert.throws(() => file.dataset('observations'), { code: 'hdf5-missing' });
});

test('what is not HDF5, a pointer or no file at all is told apart', (t) => {
  const temp = tempFolder(t);
  const path = join(temp, 'episode_0.hdf5');
  assert.throws(() => readHdf5(path), { code: 'file-unreadable', message: /episode_0\.hdf5/ });
  writeFileSync(path, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 756072\n');
  assert.throws(() => readHdf5(path), { code: 'lfs-pointer', message: /episode_0\.hdf5/ });
  writeFileSync(path, 'PK\u0003\u0004');
  assert.throws(() => readHdf5(path), { code: 'not-hdf5', message: /episode_0\.hdf5 is not an HDF5 file: it has 4 b/ });
  writeFileSync(path, '');
  assert.throws(() => readHdf5(path), { code: 'not-hdf5' });
});

test('a file that was cut off is refused with both lengths', (t) => {
  const whole = readFileSync(join(folder, 'aloha.hdf5'));
  const path = join(tempFolder(t), 'episode_0.hdf5');
  writeFileSync(path, whole.subarray(0, 9000));
  assert.throws(() => readHdf5(path), {
    code: 'hdf5-truncated',
    message: `${path} is cut off: 9000 bytes of ${whole.length}.`,
  });
});

test('a damaged chunk is refused with the dataset, and the others are read', (t) => {
  const whole = readFileSync(join(folder, 'robomimic.hdf5'));
  const deflated = whole.indexOf(Buffer.from([0x78, 0x5e]));
  const path = join(tempFolder(t), 'demo.hdf5');
  whole.fill(0, deflated, deflated + 8);
  writeFileSync(path, whole);
  const file = readHdf5(path);
  const refused = [...file.datasets.values()].filter((dataset) => problemOf(dataset) !== undefined);
  assert.equal(refused.length, 1);
  assert.match(problemOf(refused[0])?.message ?? '', new RegExp(`dataset "/${refused[0]?.path}" of ${path}`));
  assert.ok(file.datasets.size > 5);
});

test('mutated bytes give values or a problem, soon', { timeout: 10_000 }, (t) => {
  const path = join(tempFolder(t), 'mutated.hdf5');
  const wholes = ['robomimic.hdf5', 'robocasa.hdf5', 'aloha.hdf5'].map((name) => readFileSync(join(folder, name)));
  t.mock.method(console, 'warn', () => {}); // jsfive says there which attributes it cannot decode
  const change = fc.record({ at: fc.nat(), to: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0xff), fc.nat(255)) });
  fc.assert(
    fc.property(fc.constantFrom(...wholes), fc.array(change, { minLength: 1, maxLength: 40 }), (whole, changes) => {
      const mutated = Buffer.from(whole);
      for (const { at, to } of changes) mutated[at % mutated.length] = to;
      writeFileSync(path, mutated);
      readEverything(path);
    }),
    { numRuns: 200 },
  );
});

test('numbers in headers changed to extremes give values or a problem, soon', { timeout: 10_000 }, (t) => {
  const path = join(tempFolder(t), 'mutated.hdf5');
  const whole = readFileSync(join(folder, 'robocasa.hdf5'));
  const markers = ['TREE', 'SNOD', 'HEAP', 'GCOL'].flatMap((marker) => positionsOf(whole, marker));
  t.mock.method(console, 'warn', () => {});
  const change = fc.record({
    marker: fc.constantFrom(...markers),
    past: fc.nat(96),
    to: fc.constantFrom([0], [1], [0xff], [0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0], [0xff, 0xff, 0xff, 0x7f]),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const mutated = Buffer.from(whole);
      for (const { marker, past, to } of changes) mutated.set(to, marker + past);
      writeFileSync(path, mutated);
      readEverything(path);
    }),
    { numRuns: 200 },
  );
});

function digestOf(dataset: Hdf5Dataset): string {
  const values = dataset.read();
  const bytes = ArrayBuffer.isView(values)
    ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    : Buffer.from(values.join('\0'));
  return createHash('sha256').update(bytes).digest('hex');
}

function problemOf(dataset: Hdf5Dataset | undefined): Problem | undefined {
  try {
    dataset?.read();
    return undefined;
  } catch (error) {
    assert.ok(Problem.is(error), String(error));
    return error;
  }
}

function readEverything(path: string): void {
  try {
    const file = readHdf5(path);
    for (const dataset of file.datasets.values()) problemOf(dataset);
    for (const at of [...file.groups, ...file.datasets.keys()]) file.attributes(at);
  } catch (error) {
    assert.ok(Problem.is(error), String(error));
  }
}

function positionsOf(bytes: Buffer, marker: string): number[] {
  const positions: number[] = [];
  for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + 1)) positions.push(at);
  return positions.filter((at) => at + 100 < bytes.length);
}
