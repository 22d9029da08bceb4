/** CRC-32C (Castagnoli), reflected polynomial 0x82F63B78, eight bytes a step; the CRC of "123456789" is 0xE3069283. */
export function crc32c(bytes: Uint8Array, from = 0): number {
  const end = bytes.length;
  let crc = ~from;
  let i = 0;
  for (; i + 8 <= end; i += 8) {
    crc ^= at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24);
    crc =
      entry(7, crc & 0xff) ^
      entry(6, (crc >>> 8) & 0xff) ^
      entry(5, (crc >>> 16) & 0xff) ^
      entry(4, crc >>> 24) ^
      entry(3, at(bytes, i + 4)) ^
      entry(2, at(bytes, i + 5)) ^
      entry(1, at(bytes, i + 6)) ^
      entry(0, at(bytes, i + 7));
  }
  for (; i < end; i += 1) crc = entry(0, (crc ^ at(bytes, i)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** TFRecord stores CRCs masked: rotated right by 15 and moved by a constant, so that a CRC of CRCs is not degenerate. */
export function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const tables = makeTables();

function entry(table: number, byte: number): number {
  return tables[table * 256 + byte] as number;
}

function at(bytes: Uint8Array, i: number): number {
  return bytes[i] as number;
}

/** Table k holds the CRC of a byte that is followed by k zero bytes. */
function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    made[byte] = crc;
  }
  for (let i = 256; i < made.length; i += 1) {
    const before = made[i - 256] as number;
    made[i] = (before >>> 8) ^ (made[before & 0xff] as number);
  }
  return made;
}
