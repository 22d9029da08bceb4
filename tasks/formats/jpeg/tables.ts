/** Of brightness and of colour, row-major, at quality 50 (ITU-T T.81, tables K.1 and K.2). */
const brightnessSteps = [
  [16, 11, 10, 16, 24, 40, 51, 61],
  [12, 12, 14, 19, 26, 58, 60, 55],
  [14, 13, 16, 24, 40, 57, 69, 56],
  [14, 17, 22, 29, 51, 87, 80, 62],
  [18, 22, 37, 56, 68, 109, 103, 77],
  [24, 35, 55, 64, 81, 104, 113, 92],
  [49, 64, 78, 87, 103, 121, 120, 101],
  [72, 92, 95, 98, 112, 100, 103, 99],
].flat();
const colourSteps = Array.from({ length: 64 }, (_, i) => {
  const corner = [17, 18, 24, 47, 18, 21, 26, 66, 24, 26, 56, 99, 47, 66, 99, 99];
  const [row, column] = [i >> 3, i & 7];
  return row < 4 && column < 4 ? (corner[4 * row + column] as number) : 99;
});

/** Position in a block, row-major, of each value in the order of the file: from slow to fast along the diagonals. */
export const zigzag: readonly number[] = Array.from({ length: 64 }, (_, i) => i).sort((a, b) => {
  const [diagonalA, diagonalB] = [(a >> 3) + (a & 7), (b >> 3) + (b & 7)];
  if (diagonalA !== diagonalB) return diagonalA - diagonalB;
  return diagonalA % 2 === 0 ? (a & 7) - (b & 7) : (a >> 3) - (b >> 3);
});

/** Quantiser steps for a quality from 1 to 100, row-major, scaled as the reference implementation does. */
export function quantiserSteps(quality: number): Readonly<Record<'brightness' | 'colour', Uint8Array>> {
  const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  const scaled = (steps: readonly number[]): Uint8Array =>
    Uint8Array.from(steps, (step) => Math.min(255, Math.max(1, Math.floor((step * scale + 50) / 100))));
  return { brightness: scaled(brightnessSteps), colour: scaled(colourSteps) };
}

export interface HuffmanTable {
  /** How many codes there are of 1 to 16 bits. */
  readonly counts: Uint8Array;
  /** What they stand for, shortest first. */
  readonly symbols: Uint8Array;
  /** By symbol. */
  readonly codes: Uint16Array;
  readonly lengths: Uint8Array;
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));

function huffman(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const [codes, lengths] = [new Uint16Array(256), new Uint8Array(256)];
  let [code, next] = [0, 0];
  for (const [i, count] of counts.entries()) {
    for (let k = 0; k < count; k += 1) {
      const symbol = symbols[next] as number;
      [codes[symbol], lengths[symbol]] = [code, i + 1];
      [code, next] = [code + 1, next + 1];
    }
    code *= 2;
  }
  return { counts, symbols, codes, lengths };
}

/** The typical tables of ITU-T T.81, K.3 to K.6: for differences of block means, and for the other values of a block. */
export const huffmanTables = {
  brightnessMean: huffman(hex('00010501010101010100000000000000'), hex('000102030405060708090a0b')),
  colourMean: huffman(hex('00030101010101010101010000000000'), hex('000102030405060708090a0b')),
  brightness: huffman(
    hex('0002010303020403050504040000017d'),
    hex(`01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435
      363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999a
      a2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8
      f9fa`),
  ),
  colour: huffman(
    hex('00020102040403040705040400010277'),
    hex(`000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a
      35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798
      999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8
      f9fa`),
  ),
} as const;
