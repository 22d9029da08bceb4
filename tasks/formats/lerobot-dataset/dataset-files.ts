import { writeFile } from 'node:fs/promises';
import type { TaskTable } from './complete-episode.ts';
import type { Episode, Feature } from './dataset.ts';
import type { FeatureStats } from './stats.ts';

export interface DatasetOptions {
  readonly version: 'v2.1' | 'v3.0';
  /** Frames per second, a whole number. */
  readonly fps: number;
  readonly robotType: string;
  /** The declared features; the automatic ones are added, and ignored when they are given. */
  readonly features: Readonly<Record<string, Feature>>;
  /** Version 3.0 starts a new data file at this size. Default 100, upstream's. */
  readonly dataFileMegabytes?: number;
}

/** What a version of the format makes of the episodes, in the order in which they come. */
export interface DatasetFiles {
  readonly add: (episode: Episode, stats: Readonly<Record<string, FeatureStats>>) => Promise<void>;
  readonly finish: (totals: Totals) => Promise<void>;
}
export interface Totals {
  readonly episodes: number;
  readonly frames: number;
  readonly tasks: TaskTable;
  readonly stats: Readonly<Record<string, FeatureStats>>;
}

/** `info.json` and its like: indented by four spaces, as upstream writes it. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 4)}\n`);
}
