import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ffmpegNeeds } from '../../../../tasks/formats/video/needs.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { withoutFfmpeg } from './frames.ts';

const place = { storeRoot: '/' };

test('ffmpeg that is not installed is missed once', async (t) => {
  const before = process.env.PATH;
  t.after(() => (process.env.PATH = before));
  process.env.PATH = tempFolder(t);
  const missing = await Promise.all(ffmpegNeeds('av1').map((need) => need.missing(place)));
  assert.deepEqual(missing, ['ffmpeg is not on PATH', undefined]);
});

test('an ffmpeg with the encoder lacks nothing', { skip: withoutFfmpeg('libx264') }, async () => {
  const missing = await Promise.all(ffmpegNeeds('h264').map((need) => need.missing(place)));
  assert.deepEqual(missing, [undefined, undefined]);
});
