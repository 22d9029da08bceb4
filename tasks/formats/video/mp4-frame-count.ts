import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { refusePointer } from './refuse-pointer.ts';

/**
 * Frames of the video in an MP4 file, from its index: a few reads, whatever its length, and no other program.
 *
 * A file that is cut off, has no index (a recording that was never closed), or is not MP4 is a `Problem`. Layout: ISO/IEC
 * 14496-12, boxes `moov/trak/mdia` with `hdlr` (which kind of track) and `minf/stbl/stsz` (one size per frame).
 */
export async function mp4FrameCount(path: string): Promise<number> {
  await refusePointer(path);
  const file = await open(path, 'r').catch((cause) => {
    throw new Problem('file-unreadable', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  });
  try {
    const { size } = await file.stat();
    return await countFrames({ file, path }, { from: 0, to: size });
  } finally {
    await file.close();
  }
}

interface Source {
  readonly file: FileHandle;
  readonly path: string;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

async function countFrames(source: Source, whole: Span): Promise<number> {
  const boxes = await boxesOf(source, whole);
  if (boxes[0]?.type !== 'ftyp') damaged(source, 'it does not start as an MP4 file');
  const movie = boxes.find(({ type }) => type === 'moov');
  if (!movie) damaged(source, 'it has no index; it was cut off or never closed');
  for (const track of (await boxesOf(source, movie)).filter(({ type }) => type === 'trak')) {
    const media = await child(source, track, 'mdia');
    if ((await textAt(source, (await child(source, media, 'hdlr')).from + 8)) !== 'vide') continue;
    const table = await child(source, await child(source, media, 'minf'), 'stbl');
    const sizes = await child(source, table, 'stsz');
    return (await bytesAt(source, sizes.from + 8, 4)).readUInt32BE(0);
  }
  return damaged(source, 'it has no video');
}

interface Box extends Span {
  readonly type: string;
}

/** A real file has a handful of boxes at each level. */
const mostBoxes = 10_000;

async function boxesOf(source: Source, { from, to }: Span): Promise<Box[]> {
  const boxes: Box[] = [];
  for (let at = from; at + 8 <= to; ) {
    const header = await bytesAt(source, at, Math.min(16, to - at));
    const short = header.readUInt32BE(0);
    const long = short === 1 && header.length === 16;
    const size = long ? Number(header.readBigUInt64BE(8)) : short === 0 ? to - at : short;
    if (size < (long ? 16 : 8) || at + size > to)
      damaged(source, `a part of ${size} bytes at byte ${at} reaches beyond ${to}`);
    boxes.push({ type: header.toString('latin1', 4, 8), from: at + (long ? 16 : 8), to: at + size });
    if (boxes.length > mostBoxes) damaged(source, `it has more than ${mostBoxes} parts`);
    at += size;
  }
  return boxes;
}

async function child(source: Source, parent: Span, type: string): Promise<Box> {
  const found = (await boxesOf(source, parent)).find((box) => box.type === type);
  return found ?? damaged(source, `its index lacks "${type}"`);
}

async function textAt(source: Source, at: number): Promise<string> {
  return (await bytesAt(source, at, 4)).toString('latin1');
}

async function bytesAt({ file, path }: Source, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  if (bytesRead < length) damaged({ path }, `it ends at byte ${at + bytesRead}`);
  return buffer;
}

function damaged({ path }: Pick<Source, 'path'>, what: string): never {
  throw new Problem('video-damaged', `${path} is not a whole MP4 video: ${what}.`, {
    hint: 'Copy the file again from where it came from.',
  });
}
