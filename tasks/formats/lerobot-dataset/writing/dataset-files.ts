import { writeFile } from 'node:fs/promises';
import type { CheckedVideo } from './check-videos.ts';
import type { TaskTable } from './complete-episode.ts';
import type { Episode, Feature } from '../schema/dataset.ts';
import type { RecordedStats } from '../schema/feature-stats.ts';

export interface DatasetOptions {
  readonly version: 'v2.1' | 'v3.0';
  /** Frames per second, a whole number. */
  readonly fps: number;
  readonly robotType: string;
  /** The declared features; the automatic ones are added, and ignored when they are given. */
  readonly features: Readonly<Record<string, Feature>>;
  /** Version 3.0 starts a new data file at this size. Default 100, upstream's. */
  readonly dataFileMegabytes?: number;
  /** The same for video files. Default 200, upstream's since 0.4.4. */
  readonly videoFileMegabytes?: number;
}

/** What a version of the format makes of the episodes, in the order in which they come. */
export interface DatasetFiles {
  readonly add: (episode: CompleteEpisode) => Promise<void>;
  readonly finish: (totals: Totals) => Promise<void>;
  /** Closes what is open when writing cannot go on. */
  readonly discard: () => Promise<void>;
}

export interface CompleteEpisode {
  readonly episode: Episode;
  readonly videos: Readonly<Record<string, CheckedVideo>>;
  /** Of every feature that has some; with quantiles for version 3.0. */
  readonly stats: Readonly<Record<string, RecordedStats>>;
}

export interface Totals {
  readonly episodes: number;
  readonly frames: number;
  readonly tasks: TaskTable;
  /** The features as `info.json` has them: videos with their `info`. */
  readonly features: Readonly<Record<string, Feature>>;
}

/** `info.json` and its like: indented by four spaces, as upstream writes it. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 4)}\n`);
}
