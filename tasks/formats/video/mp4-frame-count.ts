import { bytesAt, child, videoTrack, withMp4 } from './mp4-boxes.ts';

/**
 * Frames of the video in an MP4 file, from its index: a few reads, whatever its length, and no other program.
 *
 * A file that is cut off, has no index (a recording that was never closed), or is not MP4 is a `Problem`. `stsz` holds
 * one size per frame.
 */
export async function mp4FrameCount(path: string): Promise<number> {
  return withMp4(path, async (source) => {
    const { table } = await videoTrack(source);
    const sizes = await child(source, table, 'stsz');
    return (await bytesAt(source, sizes.from + 8, 4)).readUInt32BE(0);
  });
}
