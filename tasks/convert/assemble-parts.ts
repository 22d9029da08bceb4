import { Problem } from '../../cache/problem.ts';
import { type Episode, type Info, isAutomatic, readEpisodes, readInfo } from '../formats/lerobot-dataset/read.ts';
import { type DatasetOptions, writeDataset } from '../formats/lerobot-dataset/write.ts';

/** Writes all episodes of `parts` into one dataset; `onPart` is told how many parts were taken. */
export async function assembleParts(
  path: string,
  { parts, version }: { parts: readonly string[]; version: DatasetOptions['version'] },
  onPart: (done: number) => void,
): Promise<void> {
  const infos = await Promise.all(parts.map(readInfo));
  await writeDataset(path, { version, ...commonOptions(infos) }, episodesOf(parts, onPart));
}

function commonOptions(infos: readonly Info[]): Omit<DatasetOptions, 'version'> {
  const first = infos[0];
  if (first === undefined) throw new Problem('no-episodes', 'There are no parts to make a dataset of.');
  const wanted = describe(first);
  const differingIndex = infos.findIndex((info) => describe(info) !== wanted);
  if (differingIndex >= 0) {
    throw new Problem(
      'parts-differ',
      `Part ${differingIndex} does not fit part 0:\n  ${describe(infos[differingIndex] as Info)}\n  ${wanted}`,
      { hint: 'Convert all episodes with the same settings, from recordings of the same shape.' },
    );
  }
  return { fps: first.fps, robotType: first.robot_type ?? 'unknown', features: declared(first) };
}

function describe(info: Info): string {
  const features = Object.entries(declared(info)).map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`);
  return `${info.fps} fps, ${info.robot_type}, ${features.join(', ')}`;
}

function declared({ features }: Info): Info['features'] {
  return Object.fromEntries(Object.entries(features).filter(([name]) => !isAutomatic(name)));
}

async function* episodesOf(parts: readonly string[], onPart: (done: number) => void): AsyncGenerator<Episode> {
  for (const [index, part] of parts.entries()) {
    const { features, total_episodes: count } = await readInfo(part);
    for await (const episode of readEpisodes(part, { columns: Object.keys(features) })) {
      yield count === 1 ? withWholeVideos(episode) : episode;
    }
    onPart(index + 1);
  }
}

/** The files of a part of one episode are its videos: they are copied and not cut. */
function withWholeVideos(episode: Episode): Episode {
  const videos = Object.entries(episode.videos ?? {}).map(([key, { path, stats }]) => [key, { path, stats }] as const);
  return { ...episode, videos: Object.fromEntries(videos) };
}
