/** A frame in the order of the file. `shownAs`: its position when shown. */
export interface StoredFrame {
  readonly size: number;
  readonly isKey: boolean;
  readonly shownAs: number;
}

export interface Movie {
  readonly fps: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** The `stsd` box of the frames' coding. */
  readonly description: Buffer;
  readonly frames: readonly StoredFrame[];
  /** Runs of frames that lie side by side in the file. */
  readonly chunks: readonly { readonly offset: number; readonly frames: number }[];
}

/** Ticks of the clock for one frame. */
const ticksPerFrame = 512;

/** The index of an MP4 file with one video of constant rate (`moov`). Layout: ISO/IEC 14496-12; boxes as ffmpeg writes them. */
export function movieBox(movie: Movie): Buffer {
  const { fps, width, height, frames } = movie;
  const timescale = fps * ticksPerFrame;
  const duration = frames.length * ticksPerFrame;
  const delay = decodeDelay(frames);
  const video = box('minf', [
    fullBox('vmhd', [shorts(0, 0, 0, 0)], 1),
    box('dinf', [fullBox('dref', [words(1), fullBox('url ', [], 1)])]),
    tableBox(movie, delay),
  ]);
  const language = 0x55c4; // "und", undetermined
  const media = box('mdia', [
    fullBox('mdhd', [words(0, 0, timescale, duration), shorts(language, 0)]),
    fullBox('hdlr', [words(0), text('vide'), words(0, 0, 0), text('VideoHandler\0')]),
    video,
  ]);
  const trackHeader = fullBox(
    'tkhd',
    [words(0, 0, 1, 0, duration, 0, 0, 0, 0), matrix, words(width * 2 ** 16, height * 2 ** 16)],
    3,
  );
  const edits = box('edts', [fullBox('elst', [words(1, duration, delay * ticksPerFrame), shorts(1, 0)])]);
  const header = fullBox('mvhd', [
    words(0, 0, timescale, duration, 0x10000),
    shorts(0x100, 0),
    words(0, 0),
    matrix,
    words(0, 0, 0, 0, 0, 0, 2),
  ]);
  return box('moov', [header, box('trak', [trackHeader, edits, media])]);
}

/** No rotation, no scaling. */
const matrix = words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** By how many frames showing lags behind decoding, so that no frame is shown before it is decoded. */
function decodeDelay(frames: readonly StoredFrame[]): number {
  return frames.reduce((most, { shownAs }, stored) => Math.max(most, stored - shownAs), 0);
}

function tableBox({ description, frames, chunks }: Movie, delay: number): Buffer {
  const keys = frames.flatMap(({ isKey }, stored) => (isKey ? [stored + 1] : []));
  const delays = runsOf(frames.map(({ shownAs }, stored) => (shownAs + delay - stored) * ticksPerFrame));
  const perChunk = runsOf(chunks.map((chunk) => chunk.frames));
  let chunk = 1;
  const chunkRuns = perChunk.flatMap(([count, length]) => {
    const first = chunk;
    chunk += count;
    return [first, length, 1];
  });
  return box('stbl', [
    description,
    fullBox('stts', [words(1, frames.length, ticksPerFrame)]),
    ...(delay === 0 ? [] : [fullBox('ctts', [manyWords([delays.length, ...delays.flat()])])]),
    ...(keys.length === frames.length ? [] : [fullBox('stss', [manyWords([keys.length, ...keys])])]),
    fullBox('stsc', [manyWords([perChunk.length, ...chunkRuns])]),
    fullBox('stsz', [manyWords([0, frames.length, ...frames.map(({ size }) => size)])]),
    fullBox('co64', [
      manyWords([chunks.length, ...chunks.flatMap(({ offset }) => [Math.floor(offset / 2 ** 32), offset % 2 ** 32])]),
    ]),
  ]);
}

/** [5, 5, 7] is [2, 5], [1, 7]. */
function runsOf(values: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run?.[1] === value) run[0] += 1;
    else runs.push([1, value]);
  }
  return runs;
}

function box(type: string, parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([words(content.length + 8), text(type), content]);
}

/** A box that begins with a version, always 0 here, and flags. */
function fullBox(type: string, parts: readonly Buffer[], flags = 0): Buffer {
  return box(type, [words(flags), ...parts]);
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

function words(...values: readonly number[]): Buffer {
  return manyWords(values);
}

function manyWords(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4);
  return bytes;
}

function shorts(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, i * 2);
  return bytes;
}
