import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../../../cache/problem.ts';
import { frame } from '../../../../tasks/formats/tfrecord/frame.ts';
import { checkData, recordsOf } from '../../../../tasks/formats/tfrecord/records.ts';
import { Shard } from '../../../../tasks/formats/tfrecord/shard.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const payloads = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(5000, 7)];
const whole = Buffer.concat(payloads.map(frame));

test('records are found by their lengths, without reading them', (t) => {
  const { records, bytesRead } = read(tempFolder(t), whole);
  assert.deepEqual(
    records.map(({ record, offset, length }) => [record, offset, length]),
    [
      [0, 0, 3],
      [1, 19, 0],
      [2, 35, 5000],
    ],
  );
  assert.ok(bytesRead < 5000, `${bytesRead} bytes`);
});

test('an empty file has no records', (t) => {
  assert.deepEqual(read(tempFolder(t), Buffer.alloc(0)).records, []);
});

test('a truncated shard is refused with the record, its byte and where the file ends', (t) => {
  assert.throws(() => read(tempFolder(t), whole.subarray(0, 4000)), {
    code: 'shard-truncated',
    message: 'Record 2 of s, from byte 35: the file ends within it, with 3953 bytes of 5004 (at byte 4000).',
  });
  assert.throws(() => read(tempFolder(t), whole.subarray(0, 40)), {
    code: 'shard-truncated',
    message: /5 bytes of 12/,
  });
});

test('a wrong checksum of a length is refused', (t) => {
  assert.throws(() => read(tempFolder(t), changed(whole, 36)), {
    code: 'wrong-length-crc',
    message: /^Record 2 of s, from byte 35: the checksum of its length is 0x[0-9a-f]{8}, not 0x[0-9a-f]{8}\.$/,
  });
});

test('a wrong checksum of data is found when it is asked for', (t) => {
  const damaged = changed(whole, 100);
  assert.equal(read(tempFolder(t), damaged).records.length, 3);
  assert.throws(() => read(tempFolder(t), damaged, { check: true }), {
    code: 'wrong-data-crc',
    message: /Record 2 of s/,
  });
  assert.equal(read(tempFolder(t), whole, { check: true }).records.length, 3);
});

test('a pointer of Git LFS is told from data', (t) => {
  const pointer = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3475142\n');
  assert.throws(() => read(tempFolder(t), pointer), { code: 'lfs-pointer', message: /^Record 0 of s, from byte 0: / });
});

test('mutated bytes give records or a problem, never anything else', (t) => {
  const folder = tempFolder(t);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(255), fc.nat(40), (bytes, at, to, cut) => {
      const mutated = Buffer.concat([frame(bytes), frame(bytes)]);
      mutated[at % mutated.length] = to;
      try {
        read(folder, mutated.subarray(0, mutated.length - cut), { check: true });
      } catch (error) {
        assert.ok(Problem.is(error), String(error));
      }
    }),
    { numRuns: 300 },
  );
});

function read(folder: string, bytes: Uint8Array, { check = false } = {}) {
  writeFileSync(join(folder, 's'), bytes);
  const shard = new Shard(join(folder, 's'));
  try {
    const records = [...recordsOf(shard)];
    if (check) for (const place of records) checkData(shard, place);
    return { records, bytesRead: shard.bytesRead };
  } finally {
    shard.close();
  }
}

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}
