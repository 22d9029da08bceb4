import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import type { Mp4Index } from './mp4-index.ts';
import { movieBox, type StoredFrame } from './mp4-movie.ts';

/** Frames of a video that follow one another when shown. */
export interface VideoPart {
  readonly index: Mp4Index;
  readonly firstFrame: number;
  readonly frameCount: number;
}

/** An MP4 file that is being put together from parts of others, as they are coded: no frame is decoded. */
export interface Mp4File {
  /** Copies the frames; the file they come from is not needed afterwards. */
  readonly append: (part: VideoPart) => Promise<void>;
  readonly frameCount: () => number;
  /** Bytes so far, without the index. */
  readonly sizeBytes: () => number;
  /** Writes the index. The file appears under its name when it is whole. */
  readonly close: () => Promise<void>;
  /** Ends without the file. */
  readonly discard: () => Promise<void>;
}

/**
 * Starts an MP4 file of a constant rate: frame k of all its parts is shown at k / fps, to the tick. All parts have the
 * `coding` of `like`. Equal parts give equal bytes.
 */
export async function createMp4File(path: string, { fps, like }: { fps: number; like: Mp4Index }): Promise<Mp4File> {
  const partial = join(dirname(path), `.tmp-${basename(path)}`);
  const file = await open(partial, 'w');
  await file.write(openingOf(like), 0);
  const frames: StoredFrame[] = [];
  const chunks: { offset: number; frames: number }[] = [];
  let end = openingBytes;
  const discard = async (): Promise<void> => {
    await file.close().catch(() => {}); // it may be closed already
    await rm(partial, { force: true });
  };
  return {
    append: async (part) => {
      if (part.index.coding !== like.coding) {
        throw new Problem('coding-differs', `${part.index.path} is coded in another way than ${like.path}.`);
      }
      const stored = storedRange(part);
      chunks.push({ offset: end, frames: part.frameCount });
      const shownBefore = frames.length;
      for (const [frame, position] of positionsOf(part, stored).entries()) {
        const from = stored.start + frame;
        const size = part.index.sizes[from] as number;
        frames.push({ size, isKey: part.index.keyFrames[from] === 1, shownAs: shownBefore + position });
      }
      end = await copyFrames(part.index, stored, { file, at: end });
    },
    frameCount: () => frames.length,
    sizeBytes: () => end,
    discard,
    close: async () => {
      try {
        const length = Buffer.alloc(8);
        length.writeBigUInt64BE(BigInt(end - mediaAt));
        await file.write(length, 0, 8, mediaAt + 8);
        const movie = movieBox({
          fps,
          width: like.width,
          height: like.height,
          description: like.description,
          frames,
          chunks,
        });
        await file.write(movie, 0, movie.length, end);
        await file.close();
        await rename(partial, path);
      } catch (error) {
        await discard();
        throw error;
      }
    },
  };
}

/**
 * Which stored frames are the part. Throws `video-cut-inexact` where they cannot be taken without decoding: the part starts
 * in the middle of a group of frames, or its frames and others are stored among each other.
 */
export function storedRange({ index, firstFrame, frameCount }: VideoPart): { start: number; end: number } {
  const stored = index.shown.subarray(firstFrame, firstFrame + frameCount);
  const start = stored.reduce((least, frame) => Math.min(least, frame), Infinity);
  const end = stored.reduce((most, frame) => Math.max(most, frame), -1) + 1;
  if (stored.length === frameCount && end - start === frameCount && index.keyFrames[start] === 1) return { start, end };
  throw new Problem(
    'video-cut-inexact',
    `Frames ${firstFrame} to ${firstFrame + frameCount - 1} of ${index.path} cannot be cut out without coding them again: ` +
      'they do not start with a frame that stands on its own, or are stored among others.',
    { hint: 'Datasets whose episodes were encoded one by one, as LeRobot does it, have no such parts.' },
  );
}

/** For each stored frame of the part, which of the part's frames it is when shown. */
function positionsOf({ index, firstFrame, frameCount }: VideoPart, { start }: { start: number }): Uint32Array {
  const positions = new Uint32Array(frameCount);
  for (let position = 0; position < frameCount; position += 1) {
    positions[(index.shown[firstFrame + position] as number) - start] = position;
  }
  return positions;
}

const pieceBytes = 4 * 1024 * 1024;

/** Copies stored frames in pieces, each as long as the frames lie side by side; returns the end. */
async function copyFrames(
  { path, offsets, sizes }: Mp4Index,
  { start, end }: { start: number; end: number },
  target: { file: FileHandle; at: number },
): Promise<number> {
  const source = await open(path, 'r');
  try {
    let at = target.at;
    for (let frame = start; frame < end; ) {
      const from = offsets[frame] as number;
      let to = from;
      while (
        frame < end &&
        offsets[frame] === to &&
        (to === from || to + (sizes[frame] as number) - from <= pieceBytes)
      ) {
        to += sizes[frame] as number;
        frame += 1;
      }
      const { buffer, bytesRead } = await source.read(Buffer.alloc(to - from), 0, to - from, from);
      if (bytesRead < to - from) throw new Problem('video-damaged', `${path} ends in the middle of a frame.`);
      await target.file.write(buffer, 0, buffer.length, at);
      at += buffer.length;
    }
    return at;
  } finally {
    await source.close();
  }
}

const fileType = 24;
/** Where the box of the frames (`mdat`) starts; its length has 64 bits and is written last. */
const mediaAt = fileType;
const openingBytes = mediaAt + 16;

function openingOf({ codec }: Mp4Index): Buffer {
  const bytes = Buffer.alloc(openingBytes);
  bytes.writeUInt32BE(fileType, 0);
  bytes.write('ftypisom', 4, 'latin1');
  bytes.writeUInt32BE(0x200, 12);
  bytes.write(codec === 'av1' ? 'isomav01' : 'isommp41', 16, 'latin1');
  bytes.writeUInt32BE(1, mediaAt);
  bytes.write('mdat', mediaAt + 4, 'latin1');
  return bytes;
}
