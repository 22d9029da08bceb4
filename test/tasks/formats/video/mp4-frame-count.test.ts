import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../../../cache/problem.ts';
import { packageRoot } from '../../../../tasks/core/package-root.ts';
import { mp4FrameCount } from '../../../../tasks/formats/video/mp4-frame-count.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const video = join(
  packageRoot(),
  'test/data/droid-raw/TRI/success/2023-05-14/Sun_May_14_15_30_58_2023/recordings/MP4/34108837.mp4',
);

test('the frames are counted from the index', async () => {
  assert.equal(await mp4FrameCount(video), 8);
});

test('a video that was cut off, or is none, is a problem with its name', async (t) => {
  const path = join(tempFolder(t), 'a.mp4');
  const whole = readFileSync(video);
  for (const bytes of [whole.subarray(0, 1000), whole.subarray(0, 40), Buffer.alloc(0), Buffer.from('no video')]) {
    writeFileSync(path, bytes);
    await assert.rejects(mp4FrameCount(path), { code: 'video-damaged', message: /a\.mp4 is not a whole MP4 video/ });
  }
  writeFileSync(path, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1805\n');
  await assert.rejects(mp4FrameCount(path), { code: 'lfs-pointer', message: /a\.mp4/ });
  await assert.rejects(mp4FrameCount(join(path, 'nothing')), { code: 'file-unreadable' });
});

test('mutated bytes give a count or a problem', { timeout: 10_000 }, async (t) => {
  const path = join(tempFolder(t), 'a.mp4');
  const whole = readFileSync(video);
  const change = fc.record({ at: fc.nat(), to: fc.oneof(fc.constantFrom(0, 1, 0xff), fc.nat(255)) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), async (changes) => {
      const mutated = Buffer.from(whole);
      for (const { at, to } of changes) mutated[at % mutated.length] = to;
      writeFileSync(path, mutated);
      await mp4FrameCount(path).catch((error) => assert.ok(Problem.is(error), String(error)));
    }),
    { numRuns: 300 },
  );
});
