import { Problem } from '../../../cache/problem.ts';
import {
  type Box,
  boxesOf,
  bytesAt,
  child,
  damaged,
  type Mp4Source,
  optionalChild,
  videoTrack,
  withMp4,
} from './mp4-boxes.ts';

/** Where the frames of the video in an MP4 file lie and when they are shown. `stored` is the order in the file. */
export interface Mp4Index {
  readonly path: string;
  /** Canonical name: `av1`, `h264`, `hevc`, `mpeg4`, `vp9`. */
  readonly codec: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** How the frames are coded: those of files with the same text can be in one file. */
  readonly coding: string;
  /** The box that tells a decoder how the frames are coded (`stsd`), as it is in the file. */
  readonly description: Buffer;
  /** Byte of the file where each stored frame starts, and its bytes. */
  readonly offsets: Float64Array;
  readonly sizes: Uint32Array;
  /** 1 where decoding can start. */
  readonly keyFrames: Uint8Array;
  /** For the k-th frame that is shown, which stored frame it is, and its time in seconds. */
  readonly shown: Uint32Array;
  readonly times: Float64Array;
  /** Tracks of the file: more than one means sound, or another stream beside the video. */
  readonly trackCount: number;
}

/** Reads the index of an MP4 file; nothing of the frames themselves. Damage is a `Problem`. */
export async function readMp4Index(path: string): Promise<Mp4Index> {
  return withMp4(path, async (source) => {
    const { movie, tracks, track, media, table } = await videoTrack(source);
    const sizes = await readSizes(source, table);
    const ticks = await readTicks(source, table, sizes.length);
    const { timescale, shift } = await readClock(source, { movie, track, media });
    const shown = Uint32Array.from(sizes, (_, frame) => frame);
    shown.sort((a, b) => (ticks[a] as number) - (ticks[b] as number));
    return {
      path,
      ...(await readDescription(source, table)),
      offsets: await readOffsets(source, table, sizes),
      sizes,
      keyFrames: await readKeyFrames(source, table, sizes.length),
      shown,
      times: Float64Array.from(shown, (frame) => (ticks[frame] as number) / timescale + shift),
      trackCount: tracks.length,
    };
  });
}

/** More frames than a day at 100 fps: a damaged count, which would take all memory. */
const mostFrames = 10_000_000;

async function readSizes(source: Mp4Source, table: Box): Promise<Uint32Array> {
  const box = await child(source, table, 'stsz');
  const header = await bytesAt(source, box.from, 12);
  const [common, count] = [header.readUInt32BE(4), header.readUInt32BE(8)];
  if (count > mostFrames) damaged(source, `it claims ${count} frames`);
  if (common > 0) return new Uint32Array(count).fill(common);
  return numbersAt(source, box, { at: 12, count });
}

/** For each stored frame, when it is shown, in ticks of the track's clock: when it is decoded (`stts`) and later (`ctts`). */
async function readTicks(source: Mp4Source, table: Box, count: number): Promise<Float64Array> {
  const durations = await readRuns(source, await child(source, table, 'stts'), count);
  const later = await optionalChild(source, table, 'ctts');
  const delays = later ? await readRuns(source, later, count) : undefined;
  let decoded = 0;
  return durations.map((duration, frame) => {
    const ticks = decoded + ((delays?.[frame] ?? 0) | 0);
    decoded += duration;
    return ticks;
  });
}

/** A table of (how many frames, value), written out. */
async function readRuns(source: Mp4Source, box: Box, count: number): Promise<Float64Array> {
  const runs = await readTable(source, box, 2);
  const values = new Float64Array(count);
  let frame = 0;
  for (const [length = 0, value = 0] of runs) {
    values.fill(value, frame, frame + length);
    frame += length;
  }
  if (frame !== count) damaged(source, `its index has the times of ${frame} frames and the sizes of ${count}`);
  return values;
}

async function readClock(source: Mp4Source, { movie, track, media }: { movie: Box; track: Box; media: Box }) {
  const timescale = await timescaleOf(source, await child(source, media, 'mdhd'));
  const edits = await optionalChild(source, track, 'edts');
  const list = edits && (await optionalChild(source, edits, 'elst'));
  if (!list) return { timescale, shift: 0 };
  const movieTimescale = await timescaleOf(source, await child(source, movie, 'mvhd'));
  let shift = 0;
  for (const { duration, start } of await readEdits(source, list)) {
    if (start >= 0) return { timescale, shift: shift - start / timescale };
    shift += duration / movieTimescale; // an empty edit: nothing is shown for so long
  }
  return { timescale, shift };
}

async function timescaleOf(source: Mp4Source, box: Box): Promise<number> {
  const version = (await bytesAt(source, box.from, 1))[0];
  const timescale = (await bytesAt(source, box.from + (version === 1 ? 20 : 12), 4)).readUInt32BE(0);
  return timescale > 0 ? timescale : damaged(source, 'its clock stands still');
}

async function readEdits(source: Mp4Source, box: Box): Promise<{ duration: number; start: number }[]> {
  const header = await bytesAt(source, box.from, 8);
  const [long, count] = [header[0] === 1, header.readUInt32BE(4)];
  const width = long ? 20 : 12;
  if (count * width > box.to - box.from) damaged(source, `it claims ${count} edits`);
  const bytes = await bytesAt(source, box.from + 8, count * width);
  return Array.from({ length: count }, (_, i) => {
    const at = i * width;
    return long
      ? { duration: Number(bytes.readBigUInt64BE(at)), start: Number(bytes.readBigInt64BE(at + 8)) }
      : { duration: bytes.readUInt32BE(at), start: bytes.readInt32BE(at + 4) };
  });
}

/** Frames lie in chunks (`stco`, `co64`), of as many frames as `stsc` says from one chunk on. */
async function readOffsets(source: Mp4Source, table: Box, sizes: Uint32Array): Promise<Float64Array> {
  const chunks = await readChunks(source, table);
  const runs = await readTable(source, await child(source, table, 'stsc'), 3);
  if (runs.some(([, , description]) => description !== 1)) {
    throw new Problem('video-unusual', `${source.path} changes how it is coded in the middle.`);
  }
  const fileBytes = (await source.file.stat()).size;
  const offsets = new Float64Array(sizes.length);
  let [frame, run] = [0, 0];
  for (const [chunk, start] of chunks.entries()) {
    while ((runs[run + 1]?.[0] ?? Infinity) <= chunk + 1) run += 1;
    let offset = start;
    const end = Math.min(sizes.length, frame + (runs[run]?.[1] ?? 0));
    for (; frame < end; frame += 1) {
      offsets[frame] = offset;
      offset += sizes[frame] as number;
    }
    if (offset > fileBytes)
      damaged(source, `its frame ${frame - 1} would end at byte ${offset}, the file at ${fileBytes}`);
  }
  if (frame < sizes.length) damaged(source, `its index has the places of ${frame} of ${sizes.length} frames`);
  return offsets;
}

async function readChunks(source: Mp4Source, table: Box): Promise<number[]> {
  const short = await optionalChild(source, table, 'stco');
  if (short) return (await readTable(source, short, 1)).map(([offset = 0]) => offset);
  const long = await readTable(source, await child(source, table, 'co64'), 2);
  return long.map(([high = 0, low = 0]) => high * 2 ** 32 + low);
}

/** Without a table (`stss`), decoding can start at any frame. */
async function readKeyFrames(source: Mp4Source, table: Box, count: number): Promise<Uint8Array> {
  const box = await optionalChild(source, table, 'stss');
  if (!box) return new Uint8Array(count).fill(1);
  const keyFrames = new Uint8Array(count);
  for (const [number = 0] of await readTable(source, box, 1)) keyFrames[number - 1] = 1;
  return keyFrames;
}

const codecNames: Readonly<Record<string, string>> = {
  av01: 'av1',
  avc1: 'h264',
  avc3: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  mp4v: 'mpeg4',
  vp09: 'vp9',
};

/** Bytes of a video's entry in `stsd` before its own boxes. */
const entryHeader = 78;

async function readDescription(source: Mp4Source, table: Box) {
  const box = await child(source, table, 'stsd');
  const [entry] = await boxesOf(source, { from: box.from + 8, to: box.to });
  if (!entry || entry.to - entry.from < entryHeader) damaged(source, 'its index lacks how the video is coded');
  const header = await bytesAt(source, entry.from, entryHeader);
  const [width, height] = [header.readUInt16BE(24), header.readUInt16BE(26)];
  const parts: string[] = [];
  for (const part of await boxesOf(source, { from: entry.from + entryHeader, to: entry.to })) {
    if (part.type === 'btrt') continue; // rates of this file
    parts.push(`${part.type} ${(await bytesAt(source, part.from, part.to - part.from)).toString('hex')}`);
  }
  return {
    codec: codecNames[entry.type] ?? entry.type,
    width,
    height,
    coding: [entry.type, `${width}x${height}`, ...parts].join('\n'),
    description: await bytesAt(source, box.from - 8, box.to - box.from + 8),
  };
}

/** Rows of a table that begins with version, flags and the number of rows; all cells have 4 bytes. */
async function readTable(source: Mp4Source, box: Box, columns: number): Promise<number[][]> {
  const count = (await bytesAt(source, box.from, 8)).readUInt32BE(4);
  const cells = await numbersAt(source, box, { at: 8, count: count * columns });
  return Array.from({ length: count }, (_, row) => [...cells.subarray(row * columns, (row + 1) * columns)]);
}

async function numbersAt(
  source: Mp4Source,
  box: Box,
  { at, count }: { at: number; count: number },
): Promise<Uint32Array> {
  if (at + count * 4 > box.to - box.from) damaged(source, `"${box.type}" of its index is cut off`);
  const bytes = await bytesAt(source, box.from + at, count * 4);
  return Uint32Array.from({ length: count }, (_, i) => bytes.readUInt32BE(i * 4));
}
