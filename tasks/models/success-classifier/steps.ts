import { Problem } from '../../../cache/problem.ts';

/** What a step's feature vector is made of, kept beside the weights so that scoring sees what training saw. */
export interface FeatureSpec {
  /** Columns of the dataset, concatenated in this order. */
  readonly columns: readonly string[];
  /** Values that become -1 and +1. A fixed linear map from the environment's bounds: no statistics of any dataset. */
  readonly bounds: readonly [number, number];
}

/** A dataset as a classifier sees it: all steps of all episodes, and one label per episode. */
export interface Steps {
  /** Scaled features, feature by feature: [width][steps]. */
  readonly values: Float64Array;
  readonly width: number;
  readonly count: number;
  /** First step of each episode, and `count` at the end: [episodes + 1]. */
  readonly starts: Int32Array;
  /** 1 for a success, 0 for a failure: [episodes]. */
  readonly labels: Uint8Array;
  /** The episodes' own indices in their dataset: [episodes]. */
  readonly episodes: readonly number[];
}

/**
 * Reads the steps of a LeRobot dataset; a column that it does not have is refused by the reader.
 *
 * An episode's label is the last frame's `next.success`. With `assumeSuccess` every episode counts as a success, as
 * Demo-SCORE does for demonstrations, which carry no reward.
 */
export async function readSteps(
  folder: string,
  { columns, bounds }: FeatureSpec,
  { assumeSuccess = false }: { assumeSuccess?: boolean } = {},
): Promise<Steps> {
  const { readEpisodes } = await import('../../formats/lerobot-dataset/read.ts');
  const success = assumeSuccess ? [] : ['next.success'];

  const episodes: EpisodeSteps[] = [];
  for await (const episode of readEpisodes(folder, { columns: [...columns, ...success] })) {
    const features = columns.map((name) => column(episode.columns, name));
    const label = assumeSuccess || Number(column(episode.columns, 'next.success')[episode.length - 1]) !== 0;
    episodes.push({ index: episode.index, length: episode.length, label, features });
  }
  return gatherSteps(episodes, bounds);
}

/** One episode: each of `features` is row-major, [length][its own width]. */
export interface EpisodeSteps {
  readonly index: number;
  readonly length: number;
  readonly label: boolean;
  readonly features: readonly ArrayLike<number | bigint | boolean>[];
}

/** Lays episodes out feature by feature and scales them. Throws `no-steps` when there are none. */
export function gatherSteps(episodes: readonly EpisodeSteps[], bounds: readonly [number, number]): Steps {
  const count = episodes.reduce((sum, { length }) => sum + length, 0);
  const first = episodes[0];
  if (!first || count === 0) throw new Problem('no-steps', 'A success classifier was given a dataset without frames.');

  const widths = first.features.map((values) => values.length / first.length);
  const width = widths.reduce((sum, featureWidth) => sum + featureWidth, 0);
  const values = new Float64Array(width * count);
  const starts = new Int32Array(episodes.length + 1);
  const [low, high] = bounds;
  episodes.forEach(({ length, features }, e) => {
    const start = starts[e] as number;
    starts[e + 1] = start + length;
    let row = 0;
    features.forEach((source, f) => {
      const own = widths[f] as number;
      for (let s = 0; s < length; s += 1) {
        for (let k = 0; k < own; k += 1) {
          values[(row + k) * count + start + s] = (2 * (Number(source[s * own + k]) - low)) / (high - low) - 1;
        }
      }
      row += own;
    });
  });
  const labels = Uint8Array.from(episodes, ({ label }) => Number(label));
  return { values, width, count, starts, labels, episodes: episodes.map(({ index }) => index) };
}

function column<T>(columns: Readonly<Record<string, T>>, name: string): T {
  const values = columns[name];
  if (values === undefined) throw new Problem('columns-missing', `An episode was read without its column ${name}.`);
  return values;
}
