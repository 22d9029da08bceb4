import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { refusePointer } from './refuse-pointer.ts';

/** An MP4 file that is being read. Layout: ISO/IEC 14496-12. */
export interface Mp4Source {
  readonly file: FileHandle;
  readonly path: string;
}

/** A part of the file, in bytes, half-open. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** What is inside a box, without its header. */
export interface Box extends Span {
  readonly type: string;
}

/** A file that cannot be read, or is a Git LFS pointer, is a `Problem`. */
export async function withMp4<T>(path: string, read: (source: Mp4Source) => Promise<T>): Promise<T> {
  await refusePointer(path);
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new Problem('file-unreadable', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  });
  try {
    return await read({ file, path });
  } finally {
    await file.close();
  }
}

/** The boxes `moov`, its tracks, and those of the first track that is a video. */
export async function videoTrack(source: Mp4Source) {
  const { size } = await source.file.stat();
  const boxes = await boxesOf(source, { from: 0, to: size });
  if (boxes[0]?.type !== 'ftyp') damaged(source, 'it does not start as an MP4 file');
  const movie = boxes.find(({ type }) => type === 'moov');
  if (!movie) damaged(source, 'it has no index; it was cut off or never closed');
  const tracks = (await boxesOf(source, movie)).filter(({ type }) => type === 'trak');
  for (const track of tracks) {
    const media = await child(source, track, 'mdia');
    if ((await textAt(source, (await child(source, media, 'hdlr')).from + 8)) !== 'vide') continue;
    const table = await child(source, await child(source, media, 'minf'), 'stbl');
    return { movie, tracks, track, media, table };
  }
  return damaged(source, 'it has no video');
}

/** A real file has a handful of boxes at each level. */
const mostBoxes = 10_000;

export async function boxesOf(source: Mp4Source, { from, to }: Span): Promise<Box[]> {
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

export async function optionalChild(source: Mp4Source, parent: Span, type: string): Promise<Box | undefined> {
  return (await boxesOf(source, parent)).find((box) => box.type === type);
}

export async function child(source: Mp4Source, parent: Span, type: string): Promise<Box> {
  return (await optionalChild(source, parent, type)) ?? damaged(source, `its index lacks "${type}"`);
}

async function textAt(source: Mp4Source, at: number): Promise<string> {
  return (await bytesAt(source, at, 4)).toString('latin1');
}

export async function bytesAt({ file, path }: Mp4Source, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  if (bytesRead < length) damaged({ path }, `it ends at byte ${at + bytesRead}`);
  return buffer;
}

export function damaged({ path }: Pick<Mp4Source, 'path'>, what: string): never {
  throw new Problem('video-damaged', `${path} is not a whole MP4 video: ${what}.`, {
    hint: 'Copy the file again from where it came from.',
  });
}
