import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { completeEpisode, taskTable } from './complete-episode.ts';
import type { Episode, Feature } from './dataset.ts';
import type { DatasetOptions } from './dataset-files.ts';
import { automaticFeatures, isAutomatic, refuseNotNumeric, widthOf } from './features.ts';
import { columnStats, type FeatureStats, sumStats } from './stats.ts';
import { version2Files } from './write-version2.ts';
import { version3Files } from './write-version3.ts';

export type { DatasetOptions } from './dataset-files.ts';

/**
 * Writes a LeRobot dataset into the new folder `path`. Equal episodes give equal bytes.
 *
 * Episodes get the indices 0, 1, … in the order in which they come; the automatic columns, the statistics and the task
 * table are computed. Memory holds one episode at a time. Values must be finite: a NaN would make every statistic of
 * its feature useless.
 */
export async function writeDataset(
  path: string,
  options: DatasetOptions,
  episodes: AsyncIterable<Episode> | Iterable<Episode>,
): Promise<void> {
  const features = checkedFeatures(options);
  if (existsSync(path)) throw new Problem('output-exists', `Cannot write a dataset to ${path}: it exists already.`);
  await mkdir(join(path, 'meta'), { recursive: true });

  const files = options.version === 'v3.0' ? version3Files : version2Files;
  const { add, finish } = await files(path, { ...options, features });
  const tasks = taskTable();
  const sums = Object.entries(features).map(([name, feature]) => ({ name, sum: sumStats(widthOf(feature)) }));
  let [count, frames] = [0, 0];
  for await (const given of episodes) {
    const episode = completeEpisode(given, { features, fps: options.fps, index: count, firstFrame: frames, tasks });
    const stats = statsOf(episode, features);
    await add(episode, stats);
    for (const { name, sum } of sums) sum.add(stats[name] as FeatureStats);
    count += 1;
    frames += episode.length;
  }
  if (count === 0) throw new Problem('no-episodes', `Cannot write a dataset without episodes to ${path}.`);
  const stats = Object.fromEntries(sums.map(({ name, sum }) => [name, sum.total()]));
  await finish({ episodes: count, frames, tasks, stats });
}

function checkedFeatures({ features, fps }: DatasetOptions): Record<string, Feature> {
  if (!Number.isInteger(fps) || fps <= 0) {
    throw new Problem('wrong-fps', `A dataset needs a whole number of frames per second, not ${fps}.`);
  }
  const declared = Object.entries(features).filter(([name]) => !isAutomatic(name));
  const wrong = declared.filter(([name]) => name.includes('/')).map(([name]) => name);
  if (wrong.length > 0) {
    throw new Problem('wrong-feature-name', `Feature names cannot have a slash: "${wrong.join('", "')}".`);
  }
  const checked = Object.fromEntries(declared);
  refuseNotNumeric(checked, 'Writing');
  return { ...checked, ...automaticFeatures };
}

function statsOf({ columns }: Episode, features: Readonly<Record<string, Feature>>): Record<string, FeatureStats> {
  const stats = Object.entries(features).map(([name, feature]) => {
    const column = columns[name];
    return column === undefined ? [] : [name, columnStats(column, feature)];
  });
  return Object.fromEntries(stats) as Record<string, FeatureStats>;
}
