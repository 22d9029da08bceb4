import { BitWriter } from './bit-writer.ts';
import { axisScales, transform } from './cosine-transform.ts';
import { type HuffmanTable, huffmanTables, quantiserSteps, zigzag } from './tables.ts';

/** A picture: [height, width, 3] RGB. */
export interface Rgb {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/**
 * Gives a function that encodes pictures as baseline JPEG, colours at half the resolution, as TensorFlow writes DROID's.
 *
 * Only sums and products of float64 are used, so equal pictures give equal bytes on every machine. `quality`: 1 to 100.
 */
export function jpegEncoder(quality: number): (picture: Rgb) => Buffer {
  const steps = quantiserSteps(quality);
  const divisors = { brightness: divisorsOf(steps.brightness), colour: divisorsOf(steps.colour) };
  const bits = new BitWriter();
  return (picture) => {
    const planes = planesOf(picture);
    const brightness = new Component(planes.brightness, divisors.brightness, 'brightness', bits);
    const colours = [planes.blue, planes.red].map((plane) => new Component(plane, divisors.colour, 'colour', bits));
    bits.write(headerOf(picture, steps));
    for (let y = 0; y < planes.blue.height; y += 8) {
      for (let x = 0; x < planes.blue.width; x += 8) {
        for (const [dx, dy] of corners) brightness.encode(2 * x + dx, 2 * y + dy);
        for (const colour of colours) colour.encode(x, y);
      }
    }
    bits.endScan();
    bits.write([0xff, 0xd9]);
    return bits.take();
  };
}

/** Of the four brightness blocks under one colour block. */
const corners = [
  [0, 0],
  [8, 0],
  [0, 8],
  [8, 8],
] as const;

interface Plane {
  readonly width: number;
  readonly height: number;
  /** Values minus 128. */
  readonly values: Float32Array;
}

/** One colour component of the picture that is being encoded. */
class Component {
  private readonly block = new Float64Array(64);
  private readonly plane: Plane;
  private readonly divisors: Float64Array;
  private readonly means: HuffmanTable;
  private readonly frequencies: HuffmanTable;
  private readonly bits: BitWriter;
  private lastMean = 0;

  constructor(plane: Plane, divisors: Float64Array, kind: 'brightness' | 'colour', bits: BitWriter) {
    this.plane = plane;
    this.divisors = divisors;
    this.means = huffmanTables[`${kind}Mean`];
    this.frequencies = huffmanTables[kind];
    this.bits = bits;
  }

  encode(x: number, y: number): void {
    const { block, divisors, plane } = this;
    for (let row = 0; row < 8; row += 1) {
      const from = (y + row) * plane.width + x;
      for (let column = 0; column < 8; column += 1) block[8 * row + column] = plane.values[from + column] as number;
    }
    transform(block);
    const quantised = (k: number): number =>
      Math.round((block[zigzag[k] as number] as number) * (divisors[k] as number));
    const mean = quantised(0);
    this.writeValue(this.means, 0, mean - this.lastMean);
    this.lastMean = mean;
    let zeros = 0;
    for (let k = 1; k < 64; k += 1) {
      const value = quantised(k);
      if (value === 0) {
        zeros += 1;
        continue;
      }
      for (; zeros >= 16; zeros -= 16) this.writeSymbol(this.frequencies, 0xf0);
      this.writeValue(this.frequencies, zeros, value);
      zeros = 0;
    }
    if (zeros > 0) this.writeSymbol(this.frequencies, 0);
  }

  /** The zeros before it and its bit length as a symbol, then its bits, those of a negative value minus one. */
  private writeValue(table: HuffmanTable, zeros: number, value: number): void {
    const size = 32 - Math.clz32(Math.abs(value));
    this.writeSymbol(table, zeros * 16 + size);
    if (size > 0) this.bits.writeBits(value < 0 ? value + (1 << size) - 1 : value, size);
  }

  private writeSymbol({ codes, lengths }: HuffmanTable, symbol: number): void {
    this.bits.writeBits(codes[symbol] as number, lengths[symbol] as number);
  }
}

/** In the order of the file: what `transform` gives times these is the number of quantiser steps. */
function divisorsOf(steps: Uint8Array): Float64Array {
  return Float64Array.from(zigzag, (position) => {
    const scale = (axisScales[position >> 3] as number) * (axisScales[position & 7] as number);
    return 1 / (8 * scale * (steps[position] as number));
  });
}

/** Brightness and the two colour differences (ITU-T T.871), filled up to whole blocks with the last row and column. */
function planesOf({ width, height, rgb }: Rgb): Readonly<Record<'brightness' | 'blue' | 'red', Plane>> {
  const [blocksX, blocksY] = [Math.ceil(width / 16), Math.ceil(height / 16)];
  const [brightness, blue, red] = [
    empty(16 * blocksX, 16 * blocksY),
    empty(8 * blocksX, 8 * blocksY),
    empty(8 * blocksX, 8 * blocksY),
  ];
  for (let y = 0; y < brightness.height; y += 1) {
    const row = Math.min(y, height - 1) * width;
    for (let x = 0; x < brightness.width; x += 1) {
      const pixel = 3 * (row + Math.min(x, width - 1));
      const [r, g, b] = [rgb[pixel] as number, rgb[pixel + 1] as number, rgb[pixel + 2] as number];
      brightness.values[y * brightness.width + x] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
      const half = (y >> 1) * blue.width + (x >> 1);
      blue.values[half] = (blue.values[half] as number) + 0.25 * (-0.168735892 * r - 0.331264108 * g + 0.5 * b);
      red.values[half] = (red.values[half] as number) + 0.25 * (0.5 * r - 0.418687589 * g - 0.081312411 * b);
    }
  }
  return { brightness, blue, red };
}

function empty(width: number, height: number): Plane {
  return { width, height, values: new Float32Array(width * height) };
}

function headerOf({ width, height }: Rgb, steps: Readonly<Record<'brightness' | 'colour', Uint8Array>>): number[] {
  const word = (value: number): number[] => [value >> 8, value & 0xff];
  const segment = (marker: number, body: readonly number[]): number[] => [
    0xff,
    marker,
    ...word(body.length + 2),
    ...body,
  ];
  const inOrder = (table: Uint8Array): number[] => zigzag.map((position) => table[position] as number);
  const huffman = (id: number, { counts, symbols }: HuffmanTable): number[] => [id, ...counts, ...symbols];
  return [
    ...[0xff, 0xd8],
    ...segment(0xe0, [...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...segment(0xdb, [0, ...inOrder(steps.brightness), 1, ...inOrder(steps.colour)]),
    ...segment(0xc0, [8, ...word(height), ...word(width), 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]),
    ...segment(0xc4, [
      ...huffman(0x00, huffmanTables.brightnessMean),
      ...huffman(0x10, huffmanTables.brightness),
      ...huffman(0x01, huffmanTables.colourMean),
      ...huffman(0x11, huffmanTables.colour),
    ]),
    ...segment(0xda, [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]),
  ];
}
