import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { cameraStats } from './writing/camera-stats.ts';
import { videoChecker } from './writing/check-videos.ts';
import { completeEpisode, taskTable } from './writing/complete-episode.ts';
import type { Column, Episode, Feature } from './schema/dataset.ts';
import type { DatasetOptions } from './writing/dataset-files.ts';
import { automaticFeatures, isAutomatic, isVisual, refuseUnknownTypes } from './schema/features.ts';
import { imageNames, imageSize } from './schema/image-size.ts';
import type { RecordedStats } from './schema/feature-stats.ts';
import { columnStats } from './statistics/stats.ts';
import { version2Files } from './writing/write-version2.ts';
import { version3Files } from './writing/write-version3.ts';

export { type ImageStats, imageStats } from './statistics/image-stats.ts';
export type { DatasetOptions } from './writing/dataset-files.ts';

/**
 * Writes a LeRobot dataset into the new folder `path`. Equal episodes give equal bytes.
 *
 * Episodes get the indices 0, 1, … in the order in which they come; the automatic columns, the statistics and the task
 * table are computed. Memory holds one episode at a time, without its videos, which are copied as they are coded; a video is
 * not needed once the next episode is asked for. Values must be finite: a NaN would make every statistic of its feature
 * useless.
 */
export async function writeDataset(
  path: string,
  options: DatasetOptions,
  episodes: AsyncIterable<Episode> | Iterable<Episode>,
): Promise<void> {
  const features = checkedFeatures(options);
  if (existsSync(path)) throw new Problem('output-exists', `Cannot write a dataset to ${path}: it exists already.`);
  await mkdir(join(path, 'meta'), { recursive: true });

  const { fps, version } = options;
  const files = await (version === 'v3.0' ? version3Files : version2Files)(path, { ...options, features });
  const checker = videoChecker(features, { fps, copiesWhole: version === 'v2.1' });
  const tasks = taskTable();
  let [count, frames] = [0, 0];
  try {
    for await (const incoming of episodes) {
      const episode = completeEpisode(incoming, { features, fps, index: count, firstFrame: frames, tasks });
      const videos = await checker.check(episode);
      const cameras = await cameraStats(episode, videos, { features, quantiles: version === 'v3.0' });
      await files.add({ episode, videos, stats: { ...numberStats(episode, features), ...cameras } });
      count += 1;
      frames += episode.length;
    }
    if (count === 0) throw new Problem('no-episodes', `Cannot write a dataset without episodes to ${path}.`);
    await files.finish({ episodes: count, frames, tasks, features: described(features, checker.info()) });
  } catch (error) {
    await files.discard();
    throw error;
  }
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
  const checked = Object.fromEntries(declared.map(([name, feature]) => [name, withImageNames(feature)]));
  refuseUnknownTypes(checked, 'Writing');
  refuseWrongCameras(checked);
  return { ...checked, ...automaticFeatures };
}

function withImageNames(feature: Feature): Feature {
  return isVisual(feature) ? { ...feature, names: feature.names ?? imageNames } : feature;
}

function refuseWrongCameras(features: Readonly<Record<string, Feature>>): void {
  const wrong = Object.entries(features).filter(([, feature]) => isVisual(feature) && imageSize(feature) === undefined);
  if (wrong.length === 0) return;
  const list = wrong.map(([name, { shape, names }]) => `"${name}" [${shape}] with names ${JSON.stringify(names)}`);
  throw new Problem('wrong-camera', `Cameras need three dimensions and three channels: ${list.join(', ')}.`, {
    hint: 'Declare shape [height, width, 3] and names ["height", "width", "channels"].',
  });
}

function numberStats({ columns }: Episode, features: Readonly<Record<string, Feature>>): Record<string, RecordedStats> {
  const stats = Object.entries(columns).map(([name, column]) => {
    return [name, columnStats(column as Column, features[name] as Feature)];
  });
  return Object.fromEntries(stats) as Record<string, RecordedStats>;
}

function described(
  features: Readonly<Record<string, Feature>>,
  info: Readonly<Record<string, object>>,
): Record<string, Feature> {
  const entries = Object.entries(features).map(([name, { dtype, shape, names }]) => {
    return [name, { dtype, shape, names: names ?? null, ...(info[name] ? { info: info[name] } : {}) }];
  });
  return Object.fromEntries(entries) as Record<string, Feature>;
}
