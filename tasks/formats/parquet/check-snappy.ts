/**
 * Checks a snappy stream before it is decoded: that its elements lie one after the other, within the input, and give as many
 * bytes as they say. Throws otherwise.
 *
 * The decoder reads a literal's length of four bytes as a signed number: a negative one leads it back, for ever.
 * Format: https://github.com/google/snappy/blob/main/format_description.txt
 */
export function checkSnappy(input: Uint8Array, size: number): void {
  const preamble = varintEnd(input);
  if (preamble === undefined) throw new Error('a snappy stream has no length');
  let [at, outputBytes] = [preamble, 0];
  while (at < input.length) {
    const tag = input[at] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >>> 2;
      const lengthBytes = short < 60 ? 0 : short - 59;
      const length = (lengthBytes === 0 ? short : littleEndian(input, at + 1, lengthBytes)) + 1;
      at += 1 + lengthBytes + length;
      outputBytes += length;
    } else {
      at += 1 + (copyBytes[kind] ?? 0);
      outputBytes += kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    }
    if (at > input.length || outputBytes > size) throw new Error('a snappy stream reaches beyond its page');
  }
  if (outputBytes !== size) throw new Error('a snappy stream is shorter than its page');
}

/** Bytes of the offset of a copy, by its kind. */
const copyBytes = [0, 1, 2, 4];

function varintEnd(input: Uint8Array): number | undefined {
  for (let i = 0; i < Math.min(5, input.length); i += 1) if ((input[i] ?? 0) < 0x80) return i + 1;
  return undefined;
}

/** An unsigned number; of bytes that are not there, one that reaches beyond everything. */
function littleEndian(input: Uint8Array, at: number, bytes: number): number {
  if (at + bytes > input.length) return Number.MAX_SAFE_INTEGER;
  let value = 0;
  for (let i = bytes - 1; i >= 0; i -= 1) value = value * 256 + (input[at + i] ?? 0);
  return value;
}
