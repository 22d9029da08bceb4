import {
  type Episode,
  type Feature,
  isAutomatic,
  isNumeric,
  isVisual,
  readEpisodes,
  readInfo,
  widthOf,
} from '../../formats/lerobot-dataset/read.ts';
import { Bins } from '../data-page/bins.ts';
import type { Picture } from '../data-page/pictures.ts';
import { firstPictures } from './pictures.ts';

/** What the page says of a dataset. */
export interface Survey {
  readonly frames: number;
  /** Frames of each episode. */
  readonly lengths: readonly number[];
  /** Episodes in which no task is said. */
  readonly withoutTask: number;
  readonly distinctTasks: number;
  /** Some tasks and in how many episodes they occur, the most frequent ones first. */
  readonly frequentTasks: readonly { readonly text: string; readonly episodes: number }[];
  readonly features: readonly SurveyedFeature[];
  readonly pictures: readonly Picture[];
}

export interface SurveyedFeature {
  readonly name: string;
  readonly dtype: string;
  /** Numbers in a frame. */
  readonly width: number;
  /** Of the first dimensions, with their names. */
  readonly dimensions: readonly { readonly name: string; readonly bins: Bins }[];
  /** Values that are no numbers. */
  readonly notFinite: number;
}

const binCount = 48;
/** A feature may be a depth map; nobody looks at so many charts. */
export const mostDimensions = 32;
const mostTasks = 12;

/** Two passes over the numbers, the first for their ranges, and a look at some pictures. */
export async function surveyOf(folder: string, onEpisode: (done: number) => void): Promise<Survey> {
  const { features } = await readInfo(folder);
  const numeric = Object.keys(features).filter((name) => isNumeric(features[name] as Feature) && !isAutomatic(name));
  const counts = numeric.map((name) => new FeatureCount(name, features[name] as Feature));
  const lengths: number[] = [];
  const tasks = new Map<string, number>();
  let withoutTask = 0;
  let read = 0;
  for await (const episode of readEpisodes(folder, { columns: numeric })) {
    lengths.push(episode.length);
    const said = new Set(episode.tasks.map((task) => task.trim()).filter(Boolean));
    if (said.size === 0) withoutTask += 1;
    for (const task of said) tasks.set(task, (tasks.get(task) ?? 0) + 1);
    for (const count of counts) count.widen(episode);
    onEpisode((read += 1));
  }
  for await (const episode of readEpisodes(folder, { columns: numeric })) {
    for (const count of counts) count.add(episode);
    onEpisode((read += 1));
  }
  const frequent = [...tasks].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, mostTasks);
  const cameras = Object.keys(features).filter((name) => isVisual(features[name] as Feature));
  return {
    frames: lengths.reduce((sum, length) => sum + length, 0),
    lengths,
    withoutTask,
    distinctTasks: tasks.size,
    frequentTasks: frequent.map(([text, episodes]) => ({ text, episodes })),
    features: counts.map((count) => count.result()),
    pictures: await firstPictures(folder, cameras, lengths.length),
  };
}

/** Values of one feature: their ranges, then how often they occur. */
class FeatureCount {
  private readonly name: string;
  private readonly feature: Feature;
  private readonly width: number;
  private readonly ranges: [number, number][];
  private bins: Bins[] | undefined;
  private notFinite = 0;

  constructor(name: string, feature: Feature) {
    this.name = name;
    this.feature = feature;
    this.width = widthOf(feature);
    this.ranges = Array.from({ length: Math.min(this.width, mostDimensions) }, () => [Infinity, -Infinity]);
  }

  widen(episode: Episode): void {
    this.forEach(episode, (value, d) => {
      const range = this.ranges[d] as [number, number];
      range[0] = Math.min(range[0], value);
      range[1] = Math.max(range[1], value);
    });
  }

  add(episode: Episode): void {
    const bins = this.madeBins();
    this.notFinite += this.forEach(episode, (value, d) => bins[d]?.add(value));
  }

  result(): SurveyedFeature {
    const names = dimensionNames(this.feature);
    return {
      name: this.name,
      dtype: this.feature.dtype,
      width: this.width,
      dimensions: this.madeBins().map((bins, d) => ({ name: names[d] ?? `[${d}]`, bins })),
      notFinite: this.notFinite,
    };
  }

  /** A constant stands in the middle of a range of 1. */
  private madeBins(): Bins[] {
    this.bins ??= this.ranges.map(([low, high]) => {
      if (low < high) return new Bins([low, high], binCount);
      const at = Number.isFinite(low) ? low : 0;
      return new Bins([at - 0.5, at + 0.5], binCount);
    });
    return this.bins;
  }

  /** Calls `take` for every number of the first dimensions; gives how many values are none. */
  private forEach({ columns, length }: Episode, take: (value: number, dimension: number) => void): number {
    const values = columns[this.name] ?? [];
    let notFinite = 0;
    for (let frame = 0; frame < length; frame += 1) {
      for (let d = 0; d < this.ranges.length; d += 1) {
        const value = Number(values[frame * this.width + d]);
        if (Number.isFinite(value)) take(value, d);
        else notFinite += 1;
      }
    }
    return notFinite;
  }
}

/** `names` is a list, or an object of one list such as `{ motors: [...] }`; other forms say nothing here. */
function dimensionNames({ names }: Feature): readonly string[] {
  const list: unknown = Array.isArray(names) || !names ? names : Object.values(names)[0];
  return Array.isArray(list) ? list.map(String) : [];
}
