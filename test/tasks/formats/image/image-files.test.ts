import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'jpeg-js';
import { encodePng } from '../../../../tasks/formats/image/encode-png.ts';
import { imageFacts } from '../../../../tasks/formats/image/image-facts.ts';
import { decodeImages } from '../../../../tasks/formats/video/decode-images.ts';
import { collected } from '../../../support/frames.ts';
import { withoutFfmpeg } from '../video/frames.ts';

const size = { width: 7, height: 5 };
const rgb = Uint8Array.from({ length: 7 * 5 * 3 }, (_, i) => (i * 37) % 256);

test('format and size of an image are read from its header', () => {
  const { data } = encode({ ...size, data: Buffer.alloc(7 * 5 * 4, 99) }, 90);
  assert.deepEqual(imageFacts(data, 'it'), { of: 'jpeg', ...size });
  assert.deepEqual(imageFacts(encodePng(rgb, size), 'it'), { of: 'png', ...size });
});

test('what is no image, or is cut off in its header, is refused by name', () => {
  const { data } = encode({ ...size, data: Buffer.alloc(7 * 5 * 4, 99) }, 90);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('GIF89a'),
    data.subarray(0, 30),
    encodePng(rgb, size).subarray(0, 9),
  ])
    assert.throws(() => imageFacts(bytes, 'Image 3 of "wrist"'), {
      code: 'not-an-image',
      message: /Image 3 of "wrist"/,
    });
});

test('a PNG file gives back its pixels', { skip: withoutFfmpeg() }, async () => {
  const [found] = await collected(decodeImages([encodePng(rgb, size)], { ...size, camera: 'it' }));
  assert.deepEqual(found?.rgb, rgb);
});
