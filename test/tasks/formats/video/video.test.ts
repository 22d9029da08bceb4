import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { packageRoot } from '../../../../tasks/core/package-root.ts';
import { decodeVideo, type VideoFrame } from '../../../../tasks/formats/video/decode.ts';
import { encodeVideo, type VideoCodec } from '../../../../tasks/formats/video/encode.ts';
import { lerobotVideoInfo, probeVideo } from '../../../../tasks/formats/video/probe.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { difference, drawnFrames, size, withoutFfmpeg } from './frames.ts';

const rawVideo = join(
  packageRoot(),
  'test/data/droid-raw/TRI/success/2023-05-14/Sun_May_14_15_30_58_2023/recordings/MP4/27417508.mp4',
);
const rgb = { of: 'rgb24', ...size } as const;
const codecs: readonly { readonly codec: VideoCodec; readonly encoder: string }[] = [
  { codec: 'h264', encoder: 'libx264' },
  { codec: 'av1', encoder: 'libsvtav1' },
];

for (const { codec, encoder } of codecs) {
  test(`frames come back from ${codec}, all of them and in order`, { skip: withoutFfmpeg(encoder) }, async (t) => {
    const path = join(tempFolder(t), 'episode.mp4');
    assert.equal(await encodeVideo(drawnFrames(11), path, { codec, fps: 15, frames: rgb }), 11);
    const decoded = await allOf(decodeVideo(path));
    assert.equal(decoded.length, 11);
    for (const [index, original] of [...drawnFrames(11)].entries()) {
      assert.ok(difference(original, decoded[index]?.rgb ?? new Uint8Array(1)) < 4, `frame ${index}`);
    }
  });

  test(`${codec} has LeRobot's settings, and frame k at k/fps`, { skip: withoutFfmpeg(encoder) }, async (t) => {
    const path = join(tempFolder(t), 'episode.mp4');
    await encodeVideo(drawnFrames(7), path, { codec, fps: 15, frames: rgb });
    assert.deepEqual(lerobotVideoInfo(await probeVideo(path)), {
      'video.height': 64,
      'video.width': 96,
      'video.codec': codec,
      'video.pix_fmt': 'yuv420p',
      'video.is_depth_map': false,
      'video.fps': 15,
      'video.channels': 3,
      has_audio: false,
    });
    const packets = await packetsOf(path);
    for (const [index, { seconds }] of packets.entries()) assert.ok(Math.abs(seconds - index / 15) < 1e-4);
    assert.ok(
      packets.every(({ isKey }, index) => isKey || packets[index - 1]?.isKey),
      'one frame in two is a key',
    );
    assert.equal(packets.length, 7);
  });

  test(`equal frames give equal bytes of ${codec}`, { skip: withoutFfmpeg(encoder) }, async (t) => {
    const paths = ['a.mp4', 'b.mp4'].map((name) => join(tempFolder(t), name));
    for (const path of paths) await encodeVideo(drawnFrames(9), path, { codec, fps: 10, frames: rgb });
    assert.ok(readFileSync(paths[0] ?? '').equals(readFileSync(paths[1] ?? '')));
  });
}

test('JPEG files are frames too', { skip: withoutFfmpeg('libx264') }, async (t) => {
  const path = join(tempFolder(t), 'episode.mp4');
  const jpegs = await jpegsOf(6);
  assert.equal(await encodeVideo(jpegs, path, { codec: 'h264', fps: 15, frames: { of: 'jpeg' } }), 6);
  const decoded = await allOf(decodeVideo(path));
  for (const [index, original] of [...drawnFrames(6)].entries()) {
    assert.ok(difference(original, decoded[index]?.rgb ?? new Uint8Array(1)) < 6, `frame ${index}`);
  }
});

test('a damaged image is not left out in silence', { skip: withoutFfmpeg('libx264') }, async (t) => {
  const folder = tempFolder(t);
  const jpegs = await jpegsOf(6);
  jpegs[3]?.fill(0);
  await assert.rejects(
    encodeVideo(jpegs, join(folder, 'episode.mp4'), { codec: 'h264', fps: 15, frames: { of: 'jpeg' } }),
    (error: { code?: string }) => error.code === 'frames-lost' || error.code === 'video-failed',
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('what the frames throw is thrown, and no file is left', { skip: withoutFfmpeg('libx264') }, async (t) => {
  const folder = tempFolder(t);
  const frames = function* () {
    yield* drawnFrames(3);
    throw new Error('the camera is gone');
  };
  const encoding = { codec: 'h264', fps: 15, frames: rgb } as const;
  await assert.rejects(encodeVideo(frames(), join(folder, 'a.mp4'), encoding), /the camera is gone/);
  await assert.rejects(encodeVideo([new Uint8Array(5)], join(folder, 'a.mp4'), encoding), {
    code: 'frame-size',
    message: /Frame 0 of .*a\.mp4 has 5 bytes, not 18432/,
  });
  await assert.rejects(encodeVideo([], join(folder, 'a.mp4'), encoding), { code: 'no-frames' });
  assert.deepEqual(readdirSync(folder), []);
});

test('a size that the encoder refuses is a problem in its words', { skip: withoutFfmpeg('libx264') }, async (t) => {
  const odd = { of: 'rgb24', width: 3, height: 3 } as const;
  const frames = Array.from({ length: 200 }, () => new Uint8Array(27));
  await assert.rejects(encodeVideo(frames, join(tempFolder(t), 'a.mp4'), { codec: 'h264', fps: 15, frames: odd }), {
    code: 'video-failed',
    message: /not divisible by 2/,
  });
});

test('a recorded video is probed and decoded', { skip: withoutFfmpeg() }, async () => {
  const { durationSeconds, ...facts } = await probeVideo(rawVideo);
  assert.deepEqual(facts, {
    codec: 'mpeg4',
    width: 64,
    height: 36,
    pixelFormat: 'yuv420p',
    fps: 60,
    frameCount: 8,
    hasAudio: false,
  });
  assert.ok(Math.abs(durationSeconds - 8 / 60) < 1e-3);
  assert.equal((await allOf(decodeVideo(rawVideo))).length, 8);
});

test('frames can be left early', { skip: withoutFfmpeg() }, async () => {
  for await (const { rgb: pixels } of decodeVideo(rawVideo)) {
    assert.equal(pixels.length, 64 * 36 * 3);
    break;
  }
});

test('what is no video, or only a part of one, is a problem', { skip: withoutFfmpeg() }, async (t) => {
  const path = join(tempFolder(t), 'a.mp4');
  writeFileSync(path, 'no video at all');
  await assert.rejects(probeVideo(path), { code: /^video-(failed|damaged)$/, message: /a\.mp4/ });
  await assert.rejects(allOf(decodeVideo(path)), { code: /^video-(failed|damaged)$/ });
  copyFileSync(rawVideo, path);
  truncateSync(path, 1200);
  await assert.rejects(allOf(decodeVideo(path)), { code: /^video-(failed|damaged)$/ });
});

test('without ffmpeg one is told where to get it', async (t) => {
  const folder = tempFolder(t);
  const before = process.env.PATH;
  process.env.PATH = folder;
  t.after(() => {
    process.env.PATH = before;
  });
  const missing = { code: 'ffmpeg-missing', hint: /apt-get install -y ffmpeg/ };
  await assert.rejects(probeVideo(rawVideo), missing);
  await assert.rejects(
    encodeVideo(drawnFrames(40), join(folder, 'a.mp4'), { codec: 'h264', fps: 15, frames: rgb }),
    missing,
  );
});

async function allOf(frames: AsyncIterable<VideoFrame>): Promise<VideoFrame[]> {
  const all: VideoFrame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

async function packetsOf(path: string): Promise<{ seconds: number; isKey: boolean }[]> {
  const args = ['-v', 'error', '-show_entries', 'packet=pts_time,flags', '-of', 'csv=p=0', path];
  const { stdout } = await execa('ffprobe', args);
  const packets = stdout.split('\n').map((line) => line.split(','));
  return packets
    .map(([seconds = '', flags = '']) => ({ seconds: Number(seconds), isKey: flags.startsWith('K') }))
    .sort((a, b) => a.seconds - b.seconds);
}

async function jpegsOf(count: number): Promise<Uint8Array[]> {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${size.width}x${size.height}`, '-i', 'pipe:0'];
  const jpegs: Uint8Array[] = [];
  for (const frame of drawnFrames(count)) {
    const args = ['-v', 'error', ...input, '-c:v', 'mjpeg', '-q:v', '2', '-f', 'image2pipe', 'pipe:1'];
    const { stdout } = await execa('ffmpeg', args, { input: frame, encoding: 'buffer' });
    jpegs.push(stdout);
  }
  return jpegs;
}
