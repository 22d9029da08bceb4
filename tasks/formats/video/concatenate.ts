import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { refuseFailure, startFfmpeg } from './ffmpeg.ts';
import { mp4FrameCount } from './mp4-frame-count.ts';

/**
 * Joins MP4 videos of one codec, size and rate to one file without encoding again, as LeRobot v3.0 keeps many episodes in
 * one file.
 *
 * Frame k of all is shown at k / fps, so an episode starts at the number of frames before it, divided by fps. (Upstream
 * adds up the containers' durations, which MP4 rounds to milliseconds.) The file appears when it is whole.
 */
export async function concatenateVideos(
  paths: readonly string[],
  output: string,
  { fps }: { fps: number },
): Promise<void> {
  const partial = join(dirname(output), `.tmp-${basename(output)}`);
  const counts = await Promise.all(paths.map(mp4FrameCount));
  const list = concatList(paths, counts, fps);
  const input = ['-f', 'concat', '-safe', '0', '-protocol_whitelist', 'file,pipe,fd', '-i', 'pipe:0'];
  const sameBytes = ['-map_metadata', '-1', '-fflags', '+bitexact'];
  const args = [
    '-hide_banner',
    '-v',
    'error',
    '-xerror',
    '-y',
    ...input,
    '-c',
    'copy',
    ...sameBytes,
    '-f',
    'mp4',
    partial,
  ];
  try {
    refuseFailure('ffmpeg', output, await startFfmpeg('ffmpeg', args, { input: list, stdout: 'ignore' }));
    await refuseLostFrames(partial, output, counts);
    await rename(partial, output);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** The script of ffmpeg's concat demuxer. Durations are in whole microseconds whose sum is never off by more than one. */
function concatList(paths: readonly string[], counts: readonly number[], fps: number): string {
  let framesBefore = 0;
  const lines = paths.map((path, index) => {
    const start = Math.round((framesBefore * 1e6) / fps);
    framesBefore += counts[index] ?? 0;
    const microseconds = Math.round((framesBefore * 1e6) / fps) - start;
    return `file 'file:${resolve(path).replaceAll("'", "'\\''")}'\nduration ${microseconds}us\n`;
  });
  return lines.join('');
}

async function refuseLostFrames(partial: string, output: string, counts: readonly number[]): Promise<void> {
  const expected = counts.reduce((sum, count) => sum + count, 0);
  const found = await mp4FrameCount(partial);
  if (found === expected) return;
  throw new Problem('frames-lost', `${output} got ${found} of the ${expected} frames of its ${counts.length} parts.`);
}
