import { join } from 'node:path';
import { Problem } from '../../../../cache/problem.ts';
import { type Mp4Index, readMp4Index } from '../../video/mp4-index.ts';
import type { EpisodeVideo, Feature, Info } from '../schema/dataset.ts';
import type { EpisodeEntry, VideoEntry } from './episode-table.ts';
import { videoFeatures } from '../schema/features.ts';
import type { StatsFinder } from './recorded-stats.ts';

/** Finds the videos of an episode. */
export type VideoReader = (entry: EpisodeEntry) => Promise<Record<string, EpisodeVideo>>;

/** Version 2 has a file for each episode, which is not opened here; version 3 says at which second of a file one starts. */
export function episodeVideos(
  path: string,
  { fps }: Info,
  { features, stats }: { features: Readonly<Record<string, Feature>>; stats: StatsFinder },
): VideoReader {
  const open = new Map<string, Mp4Index>(); // one a camera
  return async ({ index, length, videos }) => {
    const videoByKey: Record<string, EpisodeVideo> = {};
    for (const key of videoFeatures(features)) {
      const entry = videos[key] as VideoEntry;
      const file = join(path, entry.file);
      videoByKey[key] = { path: file, stats: stats(index, key) };
      if (entry.fromSeconds === undefined) continue;
      const opened = open.get(key);
      const mp4 = opened?.path === file ? opened : await readMp4Index(file);
      open.set(key, mp4);
      const firstFrame = frameAt(mp4, { seconds: entry.fromSeconds, length, fps, episode: index });
      videoByKey[key] = { path: file, stats: stats(index, key), firstFrame };
    }
    return videoByKey;
  };
}

/**
 * The frame that is shown at that time. Upstream adds up durations that are rounded to milliseconds, so times of long
 * files are a little off; up to a quarter of a frame there is no doubt which frame is meant.
 */
function frameAt(
  { path, times }: Mp4Index,
  { seconds, length, fps, episode }: { seconds: number; length: number; fps: number; episode: number },
): number {
  let [frame, end] = [0, times.length];
  while (frame + 1 < end) {
    const middle = (frame + end) >> 1;
    if ((times[middle] as number) - 0.5 / fps <= seconds) frame = middle;
    else end = middle;
  }
  const off = Math.abs((times[frame] ?? Infinity) - seconds);
  if (off <= 0.25 / fps && frame + length <= times.length) return frame;
  throw new Problem(
    'frames-differ',
    `${path} does not hold the ${length} frames of episode ${episode} from ${seconds} s on: it has ${times.length} frames.`,
  );
}
