import { crc32c, mask } from './crc32c.ts';

/** A record as it stands in a TFRecord file: length, CRC of the length, data, CRC of the data. */
export function frame(payload: Uint8Array): Buffer {
  const framed = Buffer.alloc(payload.length + 16);
  framed.writeBigUInt64LE(BigInt(payload.length), 0);
  framed.writeUInt32LE(mask(crc32c(framed.subarray(0, 8))), 8);
  framed.set(payload, 12);
  framed.writeUInt32LE(mask(crc32c(payload)), 12 + payload.length);
  return framed;
}
