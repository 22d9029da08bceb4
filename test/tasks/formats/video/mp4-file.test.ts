import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execaSync } from 'execa';
import fc from 'fast-check';
import { Problem } from '../../../../cache/problem.ts';
import { decodeVideo } from '../../../../tasks/formats/video/decode.ts';
import { encodeVideo, type VideoCodec } from '../../../../tasks/formats/video/encode.ts';
import { createMp4File, type VideoPart } from '../../../../tasks/formats/video/mp4-file.ts';
import { readMp4Index } from '../../../../tasks/formats/video/mp4-index.ts';
import { collect } from '../../../support/tiny-dataset.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { drawnFrames, size, withoutFfmpeg } from './frames.ts';

type Coding = VideoCodec | 'h264 with B-frames';
const codecs: [Coding, string][] = [
  ['h264', 'libx264'],
  ['h264 with B-frames', 'libx264'],
  ['av1', 'libsvtav1'],
];

for (const [codec, encoder] of codecs) {
  const skip = withoutFfmpeg(encoder);

  test(`the index of a file says what ffprobe says of every packet, ${codec}`, { skip }, async (t) => {
    const path = await drawn(tempFolder(t), { codec, frames: 11, fps: 15 });
    const index = await readMp4Index(path);
    assert.deepEqual(
      [index.codec, index.width, index.height, index.trackCount],
      [codec.split(' ')[0], size.width, size.height, 1],
    );
    const packets = packetsOf(path);
    assert.deepEqual(
      [...index.offsets],
      packets.map(({ pos }) => Number(pos)),
    );
    assert.deepEqual(
      [...index.sizes],
      packets.map(({ size: bytes }) => Number(bytes)),
    );
    assert.deepEqual(
      [...index.keyFrames],
      packets.map(({ flags }) => Number(flags.startsWith('K'))),
    );
    const times = packets.map(({ pts_time }) => Number(pts_time)).sort((a, b) => a - b);
    for (const [frame, time] of times.entries()) assert.ok(Math.abs(time - (index.times[frame] ?? -1)) < 1e-6);
  });

  test(`parts of any length follow one another exactly at the rate, ${codec}`, { skip }, async (t) => {
    const root = tempFolder(t);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
        fc.constantFrom(5, 10, 15, 24, 30, 50, 60),
        async (lengths, fps) => {
          run += 1;
          const path = join(root, `${run}.mp4`);
          const parts: string[] = [];
          for (const frames of lengths) parts.push(await drawn(root, { codec, frames, fps }));
          await joined(path, await Promise.all(parts.map(wholeOf)), fps);
          const times = shownTimes(path);
          assert.equal(
            times.length,
            lengths.reduce((sum, length) => sum + length, 0),
          );
          for (const [frame, time] of times.entries()) assert.ok(Math.abs(time - frame / fps) < 1e-5, `frame ${frame}`);
          assert.deepEqual(await pixels(path), (await Promise.all(parts.map((part) => pixels(part)))).flat());
        },
      ),
      { numRuns: 4 },
    );
  });

  test(`an episode is cut out again with the bytes that it had, ${codec}`, { skip }, async (t) => {
    const root = tempFolder(t);
    const parts: string[] = [];
    for (const frames of [7, 4, 9]) parts.push(await drawn(root, { codec, frames, fps: 30 }));
    await joined(join(root, 'all.mp4'), await Promise.all(parts.map(wholeOf)), 30);
    const index = await readMp4Index(join(root, 'all.mp4'));
    let firstFrame = 0;
    for (const [i, frameCount] of [7, 4, 9].entries()) {
      const path = join(root, `cut-${i}.mp4`);
      await joined(path, [{ index, firstFrame, frameCount }], 30);
      assert.deepEqual(await storedBytes(path), await storedBytes(parts[i] ?? ''));
      const span = { firstFrame, frameCount };
      assert.deepEqual(await pixels(join(root, 'all.mp4'), span), await pixels(parts[i] ?? ''));
      firstFrame += frameCount;
    }
  });

  test(`equal parts give equal bytes, ${codec}`, { skip }, async (t) => {
    const root = tempFolder(t);
    const part = await wholeOf(await drawn(root, { codec, frames: 5, fps: 10 }));
    for (const name of ['a.mp4', 'b.mp4']) await joined(join(root, name), [part, part], 10);
    assert.ok(readFileSync(join(root, 'a.mp4')).equals(readFileSync(join(root, 'b.mp4'))));
  });
}

test('a cut in the middle of a group of frames is refused, not shifted', {
  skip: withoutFfmpeg('libsvtav1'),
}, async (t) => {
  const root = tempFolder(t);
  const index = await readMp4Index(await drawn(root, { codec: 'av1', frames: 8, fps: 10 }));
  await assert.rejects(joined(join(root, 'cut.mp4'), [{ index, firstFrame: 1, frameCount: 3 }], 10), {
    code: 'video-cut-inexact',
    message: /Frames 1 to 3/,
  });
});

test('mutated bytes give an index or a problem', { timeout: 10_000, skip: withoutFfmpeg('libx264') }, async (t) => {
  const root = tempFolder(t);
  const whole = readFileSync(await drawn(root, { codec: 'h264 with B-frames', frames: 6, fps: 10 }));
  const index = whole.lastIndexOf('moov');
  const mutation = fc.array(
    fc.tuple(fc.integer({ min: index, max: whole.length - 1 }), fc.integer({ min: 0, max: 255 })),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  await fc.assert(
    fc.asyncProperty(mutation, async (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      const path = join(root, 'mutated.mp4');
      writeFileSync(path, bytes);
      try {
        const { offsets, sizes } = await readMp4Index(path);
        for (const [frame, offset] of offsets.entries()) assert.ok(offset + (sizes[frame] ?? 0) <= bytes.length);
      } catch (error) {
        assert.ok(Problem.is(error), String(error));
      }
    }),
    { numRuns: 300 },
  );
});

let drawings = 0;

async function drawn(
  root: string,
  { codec, frames, fps }: { codec: Coding; frames: number; fps: number },
): Promise<string> {
  drawings += 1;
  const path = join(root, `drawn-${drawings}.mp4`);
  if (codec === 'h264 with B-frames') {
    const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${size.width}x${size.height}`, '-r', String(fps)];
    const options = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-bf', '3', '-g', '5', '-sc_threshold', '0'];
    execaSync('ffmpeg', ['-v', 'error', ...input, '-i', 'pipe:0', ...options, path], {
      input: Buffer.concat([...drawnFrames(frames)]),
    });
    return path;
  }
  await encodeVideo(drawnFrames(frames), path, { codec, fps, frames: { of: 'rgb24', ...size } });
  return path;
}

async function wholeOf(path: string): Promise<VideoPart> {
  const index = await readMp4Index(path);
  return { index, firstFrame: 0, frameCount: index.shown.length };
}

async function joined(path: string, parts: readonly VideoPart[], fps: number): Promise<void> {
  const file = await createMp4File(path, { fps, like: (parts[0] as VideoPart).index });
  try {
    for (const part of parts) await file.append(part);
    await file.close();
  } finally {
    await file.discard();
  }
}

async function pixels(path: string, span?: { firstFrame: number; frameCount: number }): Promise<Buffer[]> {
  return (await collect(decodeVideo(path, span))).map(({ rgb }) => Buffer.from(rgb));
}

async function storedBytes(path: string): Promise<Buffer[]> {
  const { offsets, sizes } = await readMp4Index(path);
  const bytes = readFileSync(path);
  return [...offsets].map((offset, frame) => bytes.subarray(offset, offset + (sizes[frame] ?? 0)));
}

function shownTimes(path: string): number[] {
  const { stdout } = execaSync('ffprobe', ['-v', 'error', '-show_frames', '-of', 'json', path]);
  return (JSON.parse(stdout) as { frames: { pts_time: string }[] }).frames.map(({ pts_time }) => Number(pts_time));
}

function packetsOf(path: string) {
  const { stdout } = execaSync('ffprobe', ['-v', 'error', '-show_packets', '-of', 'json', path]);
  return (JSON.parse(stdout) as { packets: Record<'pos' | 'size' | 'flags' | 'pts_time', string>[] }).packets;
}
