import crc32 from 'hash-wasm/dist/crc32.umd.min.js';

/** CRC-32C (Castagnoli), by its reflected polynomial. */
const hasher = await crc32.createCRC32(0x82f63b78);
/** What the library takes up work from: four bytes that tell its version, then the CRC so far. */
const state = Buffer.from(hasher.init().save());

/** Goes on from the CRC of what came before; that of "123456789" is 0xE3069283. */
export function crc32c(bytes: Uint8Array, from = 0): number {
  state.writeUInt32LE(from, 4);
  return Number.parseInt(hasher.load(state).update(bytes).digest(), 16);
}

/** TFRecord stores CRCs masked: rotated right by 15 and moved by a constant, so that a CRC of CRCs is not degenerate. */
export function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
