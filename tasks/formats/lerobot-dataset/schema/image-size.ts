import type { Feature } from './dataset.ts';

/** Names of the dimensions of a camera, as a writer gives them when nobody did: without them, no policy can be made. */
export const imageNames = ['height', 'width', 'channels'];

/**
 * Pixels of a camera feature: shape [height, width, 3], or [3, height, width] where the names say so, as in datasets that
 * came from version 1. Undefined when it is none of these.
 */
export function imageSize({ shape, names }: Feature): { width: number; height: number } | undefined {
  const order = names === undefined || names === null ? imageNames : Array.isArray(names) ? names.map(String) : [];
  const [channel, height, width] = [
    order.findIndex((name) => name === 'channel' || name === 'channels'),
    order.indexOf('height'),
    order.indexOf('width'),
  ];
  if (shape.length !== 3 || order.length !== 3 || channel < 0 || height < 0 || width < 0) return undefined;
  return shape[channel] === 3 ? { width: shape[width] as number, height: shape[height] as number } : undefined;
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Pixels of a PNG file, from its header (`IHDR`); undefined when it is no PNG. */
export function pngSize(file: Uint8Array): { width: number; height: number } | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 24 || !bytes.subarray(0, 8).equals(signature)) return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}
