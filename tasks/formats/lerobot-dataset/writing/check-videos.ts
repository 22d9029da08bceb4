import { Problem } from '../../../../cache/problem.ts';
import type { VideoPart } from '../../video/mp4-file.ts';
import { type Mp4Index, readMp4Index } from '../../video/mp4-index.ts';
import { lerobotVideoInfo, probeVideo } from '../../video/probe.ts';
import type { Episode, EpisodeVideo, Feature } from '../schema/dataset.ts';
import { videoFeatures } from '../schema/features.ts';
import { imageSize } from '../schema/image-size.ts';

/** A video of an episode whose file was looked into: `source` as it came, `part` as it will be stored. */
export interface CheckedVideo {
  readonly source: EpisodeVideo;
  readonly part: VideoPart;
}

export interface VideoChecker {
  /** The videos of a complete episode. A video that is not as declared is refused, with all that is wrong in the episode. */
  readonly check: (episode: Episode) => Promise<Record<string, CheckedVideo>>;
  /** The `info` of every video feature, from the first file of each. */
  readonly info: () => Readonly<Record<string, object>>;
}

/** Largest difference of a frame's time from k / fps that LeRobot accepts, in seconds. */
const tolerance = 1e-4;

/** `copiesWhole`: files are kept as they are unless they are shared; otherwise only their frames are. */
export function videoChecker(
  features: Readonly<Record<string, Feature>>,
  { fps, copiesWhole }: { fps: number; copiesWhole: boolean },
): VideoChecker {
  const keys = videoFeatures(features);
  const shared = new Map<string, Mp4Index>();
  const kinds = new Map<string, VideoKind>();

  const indexOf = async (key: string, { path, firstFrame }: EpisodeVideo): Promise<Mp4Index> => {
    const open = shared.get(key);
    if (firstFrame !== undefined && open?.path === path) return open;
    const index = await readMp4Index(path);
    if (firstFrame !== undefined) shared.set(key, index); // a file of one episode may be another one the next time
    return index;
  };

  return {
    check: async (episode) => {
      const videos: Record<string, CheckedVideo> = {};
      const problems: string[] = [];
      for (const key of keys) {
        const source = episode.videos?.[key] as EpisodeVideo;
        const index = await indexOf(key, source);
        const part = { index, firstFrame: source.firstFrame ?? 0, frameCount: episode.length };
        videos[key] = { source, part };
        const kept = copiesWhole && source.firstFrame === undefined;
        const videoProblems = [
          ...partProblems(source, part, { fps, feature: features[key] as Feature }),
          ...(kept || index.trackCount === 1 ? [] : ['has more than a video, such as sound, which would be lost']),
        ];
        if (videoProblems.length === 0) videoProblems.push(...(await kindProblems(kinds, key, index)));
        problems.push(...videoProblems.map((problem) => `${key} ${problem} (${source.path})`));
      }
      if (problems.length === 0) return videos;
      throw new Problem(
        'wrong-episode',
        [`Episode ${episode.index} does not fit the dataset:`, ...problems].join('\n  '),
      );
    },
    info: () => Object.fromEntries([...kinds].map(([key, { info }]) => [key, info])),
  };
}

function* partProblems(
  source: EpisodeVideo,
  { index, firstFrame, frameCount }: VideoPart,
  { fps, feature }: { fps: number; feature: Feature },
): Generator<string> {
  const size = imageSize(feature);
  if (index.width !== size?.width || index.height !== size.height) {
    yield `is ${index.width} x ${index.height} pixels, declared are ${size?.width} x ${size?.height}`;
  }
  const shownCount = index.shown.length;
  if (source.firstFrame === undefined ? shownCount !== frameCount : firstFrame + frameCount > shownCount) {
    yield `has ${shownCount} frames, the episode ${frameCount}${firstFrame > 0 ? ` from frame ${firstFrame} on` : ''}`;
    return;
  }
  const start = source.firstFrame === undefined ? 0 : (index.times[firstFrame] as number);
  for (let frame = 0; frame < frameCount; frame += 1) {
    const time = (index.times[firstFrame + frame] as number) - start;
    if (Math.abs(time - frame / fps) < tolerance) continue;
    yield `shows frame ${frame} at ${time.toFixed(4)} s; at ${fps} fps it belongs at ${(frame / fps).toFixed(4)} s`;
    return;
  }
}

/** What all videos of a camera have in common. */
interface VideoKind {
  readonly codec: string;
  readonly pixelFormat: string;
  readonly codings: Set<string>;
  readonly info: object;
}

/** Files of one coding are alike, so ffprobe looks at the first of each only. */
async function kindProblems(kinds: Map<string, VideoKind>, key: string, index: Mp4Index): Promise<string[]> {
  const kind = kinds.get(key);
  if (kind?.codings.has(index.coding)) return [];
  if (kind && kind.codec !== index.codec) return [`is coded as ${index.codec}, the first episode's as ${kind.codec}`];
  const facts = await probeVideo(index.path);
  if (kind && kind.pixelFormat !== facts.pixelFormat) {
    return [`has pixels as ${facts.pixelFormat}, the first episode's are ${kind.pixelFormat}`];
  }
  const { codec, pixelFormat } = facts;
  if (kind) kind.codings.add(index.coding);
  else kinds.set(key, { codec, pixelFormat, codings: new Set([index.coding]), info: lerobotVideoInfo(facts) });
  return [];
}
