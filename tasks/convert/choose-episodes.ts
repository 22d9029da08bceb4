import { Problem } from '../../cache/problem.ts';
import type { EpisodeChoice } from '../formats/episode-list.ts';
import {
  type Episode,
  type Feature,
  type Info,
  isAutomatic,
  readEpisodes,
  readInfo,
} from '../formats/lerobot-dataset/read.ts';
import type { DatasetOptions } from '../formats/lerobot-dataset/write.ts';

/** What `selectEpisodes` writes: options of the new dataset, and its episodes one after another. */
export async function chooseEpisodes(
  folders: readonly { readonly name: string; readonly path: string }[],
  choices: readonly EpisodeChoice[],
  onEpisode: (done: number) => void = () => {},
): Promise<{ options: DatasetOptions; episodes: AsyncGenerator<Episode, void, undefined> }> {
  const pathByName = uniquePaths(folders);
  const used = [...new Set(choices.map(({ dataset }) => dataset))];
  refuseUnknown(used, pathByName);
  const sources: Source[] = [];
  for (const name of used) {
    const path = pathByName.get(name) as string;
    sources.push({ name, path, info: await readInfo(path) });
  }
  const options = commonOptions(sources);
  return { options, episodes: listedEpisodes(sources, choices, Object.keys(options.features), onEpisode) };
}

interface Source {
  readonly name: string;
  readonly path: string;
  readonly info: Info;
}

function uniquePaths(folders: readonly { readonly name: string; readonly path: string }[]): Map<string, string> {
  const paths = new Map(folders.map(({ name, path }) => [name, path]));
  if (paths.size === folders.length) return paths;
  const twice = folders.find(({ name }, i) => folders.findIndex((folder) => folder.name === name) < i);
  throw new Problem('dataset-named-twice', `Two datasets are called "${twice?.name}".`);
}

function refuseUnknown(used: readonly string[], pathByName: ReadonlyMap<string, string>): void {
  const unknown = used.filter((name) => !pathByName.has(name));
  if (used.length > 0 && unknown.length === 0) return;
  const hint = `Its datasets are: ${[...pathByName.keys()].join(', ')}.`;
  if (used.length === 0) throw new Problem('no-episodes', 'The episode list is empty: no episode was chosen.');
  throw new Problem('dataset-unknown', `The episode list names datasets that were not given: ${unknown.join(', ')}.`, {
    hint,
  });
}

function commonOptions(sources: readonly Source[]): DatasetOptions {
  const [first, ...others] = sources as [Source, ...Source[]];
  const differing = others.find(({ info }) => info.fps !== first.info.fps);
  if (differing) {
    throw new Problem(
      'fps-differs',
      `Cannot put "${first.name}" (${first.info.fps} fps) and "${differing.name}" (${differing.info.fps} fps) into one dataset.`,
    );
  }
  const features = Object.entries(first.info.features).filter(
    ([name, feature]) => !isAutomatic(name) && others.every(({ info }) => sameFeature(info.features[name], feature)),
  );
  if (features.length === 0) {
    throw new Problem(
      'no-common-features',
      `The datasets ${sources.map(({ name }) => `"${name}"`).join(', ')} share no feature.`,
    );
  }
  return {
    version: first.info.codebase_version.startsWith('v3') ? 'v3.0' : 'v2.1',
    fps: first.info.fps,
    robotType: first.info.robot_type ?? 'unknown',
    features: Object.fromEntries(features),
  };
}

function sameFeature(a: Feature | undefined, b: Feature): boolean {
  return a !== undefined && a.dtype === b.dtype && a.shape.join() === b.shape.join();
}

/** In the list's order: the reader gives the order of the data, so a line that jumps back starts a new pass. */
async function* listedEpisodes(
  sources: readonly Source[],
  choices: readonly EpisodeChoice[],
  columns: readonly string[],
  onEpisode: (done: number) => void,
): AsyncGenerator<Episode, void, undefined> {
  let done = 0;
  for (const { dataset, episodes } of choices) {
    const { path } = sources.find(({ name }) => name === dataset) as Source;
    for (const run of risingRuns(episodes)) {
      for await (const episode of readEpisodes(path, { columns, episodes: run })) {
        yield episode;
        done += 1;
        onEpisode(done);
      }
    }
  }
}

/** [1, 4, 2, 3] is [1, 4] and [2, 3]; an episode listed twice appears twice. */
function risingRuns(episodes: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const episode of episodes) {
    const run = runs.at(-1);
    if (run !== undefined && episode > (run.at(-1) as number)) run.push(episode);
    else runs.push([episode]);
  }
  return runs;
}
