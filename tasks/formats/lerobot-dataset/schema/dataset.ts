import { z } from 'zod';
import { readJson } from '../../../core/artifact.ts';
import { Problem } from '../../../../cache/problem.ts';
import type { RecordedStats } from './feature-stats.ts';

/** One feature, as in `meta/info.json`. `shape` is without the time axis: the action of two 7-joint arms is [14]. */
export interface Feature {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Names of the dimensions: a list, an object such as `{ motors: [...] }`, or null. */
  readonly names?: unknown;
}

/** One episode. Columns are row-major `[length, ...shape]`; booleans are 0 and 1, all integers are bigint. */
export interface Episode {
  readonly index: number;
  /** What was to be done, in words; the tasks that occur in the episode. */
  readonly tasks: readonly string[];
  /** Frames. */
  readonly length: number;
  readonly columns: Readonly<Record<string, Column>>;
  /** Features of dtype `string`, row-major `[length, ...shape]`. */
  readonly strings?: Readonly<Record<string, readonly string[]>>;
  /** Features of dtype `image`. */
  readonly images?: Readonly<Record<string, EpisodeImages>>;
  /** Features of dtype `video`. */
  readonly videos?: Readonly<Record<string, EpisodeVideo>>;
  /** Only where an episode has several tasks: for each frame, a position in `tasks`. */
  readonly taskOfFrame?: readonly number[];
}

/** The frames of one camera as images. */
export interface EpisodeImages {
  /** One whole PNG file a frame. */
  readonly frames: readonly Uint8Array[];
  /** As `imageStats` gives them. Without them, or their quantiles where these are kept, a writer decodes the images. */
  readonly stats?: RecordedStats | undefined;
}

/** The frames of one camera as a video. */
export interface EpisodeVideo {
  /** An MP4 file, absolute; frame k is shown at k / fps. */
  readonly path: string;
  /** Where episodes share the file: which of its frames is the episode's first. Without it, the file is the episode. */
  readonly firstFrame?: number | undefined;
  /**
   * As `imageStats` gives them: per channel, values in [0, 1], of the frames before they were encoded. Without them, or
   * their quantiles where these are kept, a writer decodes the video.
   */
  readonly stats?: RecordedStats | undefined;
  /** The file, of one episode, was made for one writer, which moves it instead of copying it. */
  readonly temporary?: boolean | undefined;
}

export type Column = Float32Array | Float64Array | BigInt64Array | Uint8Array;

/** The part of `meta/info.json` that is used here, under its own names. */
export const Info = z.object({
  codebase_version: z.string().regex(/^v[23]\.\d+$/, 'expected a LeRobot version such as "v2.1" or "v3.0"'),
  robot_type: z.string().nullish(),
  total_episodes: z.int().min(0),
  total_frames: z.int().min(0),
  fps: z.number().positive(),
  chunks_size: z.int().positive().default(1000),
  data_path: z.string(),
  video_path: z.string().nullish(),
  features: z.record(
    z.string(),
    z.object({ dtype: z.string(), shape: z.array(z.int().min(1)), names: z.unknown().optional() }),
  ),
});
export type Info = z.output<typeof Info>;

/** Facts of the LeRobot dataset in the folder `path`: versions 2.0, 2.1 and 3.0. */
export async function readInfo(path: string): Promise<Info> {
  return readJson(`${path}/meta/info.json`, Info);
}

export function isVersion3(info: Info): boolean {
  return info.codebase_version.startsWith('v3');
}

/**
 * Fills a path template of `info.json`: `{episode_index:06d}` becomes the number, padded.
 *
 * Throws `wrong-path-template` when a placeholder has no value.
 */
export function fillPath(template: string, values: Readonly<Record<string, number | string>>): string {
  return template.replace(/\{(\w+)(?::0?(\d+)d)?\}/g, (placeholder, name: string, width: string | undefined) => {
    const value = values[name];
    if (value === undefined) {
      throw new Problem(
        'wrong-path-template',
        `The path template "${template}" of meta/info.json has ${placeholder}.`,
        {
          hint: `Known placeholders here: ${Object.keys(values).join(', ')}.`,
        },
      );
    }
    return String(value).padStart(Number(width ?? 0), '0');
  });
}
