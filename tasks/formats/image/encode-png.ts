import { constants, crc32, deflateSync } from 'node:zlib';
import type { Size } from './resize.ts';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const [bitDepth, trueColour] = [8, 2];
/** Each byte minus the one a pixel before it, which makes smooth images small. */
const subtractLeft = 1;

/** A PNG file of 8-bit RGB, [height, width, 3]. Equal images give equal bytes with the same Node. */
export function encodePng(rgb: Uint8Array, { width, height }: Size): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, trueColour, 0, 0, 0], 8);
  const pixels = deflateSync(filtered(rgb, width * 3), { level: 6, strategy: constants.Z_FILTERED });
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

function filtered(rgb: Uint8Array, rowLength: number): Uint8Array {
  const rows = rgb.length / rowLength;
  const result = new Uint8Array(rows * (rowLength + 1));
  for (let row = 0; row < rows; row += 1) {
    const [from, to] = [row * rowLength, row * (rowLength + 1) + 1];
    result[to - 1] = subtractLeft;
    for (let i = 0; i < rowLength; i += 1) {
      result[to + i] = (rgb[from + i] as number) - (i < 3 ? 0 : (rgb[from + i - 3] as number));
    }
  }
  return result;
}

function chunk(type: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const framed = Buffer.alloc(8 + content.length + 4);
  framed.writeUInt32BE(content.length, 0);
  framed.set(named, 4);
  framed.writeUInt32BE(crc32(named), 4 + named.length);
  return framed;
}
