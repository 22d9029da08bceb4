import { decodeImages } from '../../video/decode-images.ts';
import { decodeVideo, type VideoFrame } from '../../video/decode.ts';
import type { CheckedVideo } from './check-videos.ts';
import type { Episode, Feature } from '../schema/dataset.ts';
import { isImage, isVideo } from '../schema/features.ts';
import { imageSize } from '../schema/image-size.ts';
import { imageStats } from '../statistics/image-stats.ts';
import type { RecordedStats } from '../schema/feature-stats.ts';

/**
 * Statistics of the cameras of an episode: those that come with it, and what they lack from the decoded frames (of a video,
 * these are not quite the frames that were encoded).
 */
export async function cameraStats(
  episode: Episode,
  videos: Readonly<Record<string, CheckedVideo>>,
  { features, quantiles }: { features: Readonly<Record<string, Feature>>; quantiles: boolean },
): Promise<Record<string, RecordedStats>> {
  const stats: Record<string, RecordedStats> = {};
  for (const [name, feature] of Object.entries(features)) {
    if (isVideo(feature)) {
      const { source, part } = videos[name] as CheckedVideo;
      const span = { firstFrame: part.firstFrame, frameCount: part.frameCount };
      stats[name] = await completed(source.stats, { quantiles, episode, feature }, () =>
        decodeVideo(source.path, span),
      );
    } else if (isImage(feature)) {
      const { frames = [], stats: recorded } = episode.images?.[name] ?? {};
      const camera = `"${name}" of episode ${episode.index}`;
      stats[name] = await completed(recorded, { quantiles, episode, feature }, () =>
        decodeImages(frames, { ...sizeOf(feature), camera }),
      );
    }
  }
  return stats;
}

async function completed(
  recorded: RecordedStats | undefined,
  { quantiles, episode, feature }: { quantiles: boolean; episode: Episode; feature: Feature },
  decode: () => AsyncIterable<VideoFrame>,
): Promise<RecordedStats> {
  if (recorded && (recorded.quantiles || !quantiles)) return recorded;
  const stats = imageStats({ length: episode.length, ...sizeOf(feature) });
  let frame = 0;
  for await (const { rgb } of decode()) {
    if (stats.wants(frame)) stats.add(frame, rgb);
    frame += 1;
  }
  const decoded = stats.total();
  return recorded ? { ...recorded, quantiles: decoded.quantiles } : decoded;
}

function sizeOf(feature: Feature): { width: number; height: number } {
  return imageSize(feature) ?? { width: 0, height: 0 }; // the writer has refused such a feature
}
