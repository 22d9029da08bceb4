/**
 * CRC-64/NVME, reflected polynomial 0x9A6C9329AC4BC9B5, the checksum that S3 gives objects by default since 2024; that of
 * "123456789" is 0xAE8B14860A799888. Eight bytes a step, in two halves of 32 bits, because BigInt is 50 times slower.
 */
export function crc64nvme(bytes: Uint8Array, from = 0n): bigint {
  const start = BigInt.asUintN(64, ~from);
  let low = Number(start & 0xffffffffn) | 0;
  let high = Number(start >> 32n) | 0;
  const end = bytes.length;
  let i = 0;
  for (; i + 8 <= end; i += 8) {
    const a = low ^ word(bytes, i);
    const b = high ^ word(bytes, i + 4);
    low = 0;
    high = 0;
    for (let k = 0; k < 4; k += 1) {
      const first = (7 - k) * 256 + ((a >>> (8 * k)) & 0xff);
      const second = (3 - k) * 256 + ((b >>> (8 * k)) & 0xff);
      low ^= (lows[first] as number) ^ (lows[second] as number);
      high ^= (highs[first] as number) ^ (highs[second] as number);
    }
  }
  for (; i < end; i += 1) {
    const entry = (low ^ (bytes[i] as number)) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (lows[entry] as number);
    high = (high >>> 8) ^ (highs[entry] as number);
  }
  return BigInt.asUintN(64, ~((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)));
}

/** Four bytes, little-endian. */
function word(bytes: Uint8Array, i: number): number {
  return (
    (bytes[i] as number) |
    ((bytes[i + 1] as number) << 8) |
    ((bytes[i + 2] as number) << 16) |
    ((bytes[i + 3] as number) << 24)
  );
}

const { lows, highs } = makeTables();

/** Table k holds the CRC of a byte that is followed by k zero bytes, in halves. */
function makeTables(): { lows: Int32Array; highs: Int32Array } {
  const lows = new Int32Array(8 * 256);
  const highs = new Int32Array(8 * 256);
  const whole = new BigUint64Array(8 * 256);
  for (let i = 0; i < whole.length; i += 1) {
    let crc = BigInt(i);
    if (i < 256) for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ 0x9a6c9329ac4bc9b5n : crc >> 1n;
    else {
      const before = whole[i - 256] as bigint;
      crc = (before >> 8n) ^ (whole[Number(before & 0xffn)] as bigint);
    }
    whole[i] = crc;
    lows[i] = Number(crc & 0xffffffffn) | 0;
    highs[i] = Number(crc >> 32n) | 0;
  }
  return { lows, highs };
}
