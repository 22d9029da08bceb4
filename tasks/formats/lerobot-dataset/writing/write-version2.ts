import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createDataFile, episodeColumns } from './data-file.ts';
import { fillPath } from '../schema/dataset.ts';
import { videoFeatures } from '../schema/features.ts';
import { placeVideo } from './place-videos.ts';
import { statsJson } from './stats-json.ts';
import { type DatasetFiles, type DatasetOptions, writeJson } from './dataset-files.ts';

/** Episodes in one chunk folder; upstream's constant. */
const chunkSize = 1000;
const dataPath = 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet';
const videoPath = 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4';

/** Version 2.1: one data file and one video of each camera for each episode, and tables as JSON lines. */
export async function version2Files(path: string, { fps, robotType, features }: DatasetOptions): Promise<DatasetFiles> {
  const line = (name: string, text: string): Promise<void> => appendFile(join(path, 'meta', name), `${text}\n`);
  return {
    add: async ({ episode, videos, stats }) => {
      const { index, tasks, length } = episode;
      const pathFields = { episode_index: index, episode_chunk: Math.floor(index / chunkSize) };
      const path_ = join(path, fillPath(dataPath, pathFields));
      await mkdir(dirname(path_), { recursive: true });
      const file = createDataFile(path_, features);
      file.write(episodeColumns(episode, features, imageName));
      file.close();
      for (const [video_key, video] of Object.entries(videos)) {
        await placeVideo(video, join(path, fillPath(videoPath, { ...pathFields, video_key })), fps);
      }
      await line('episodes.jsonl', JSON.stringify({ episode_index: index, tasks, length }));
      await line(
        'episodes_stats.jsonl',
        `{"episode_index": ${index}, "stats": ${statsJson(stats, features, { quantiles: false })}}`,
      );
    },
    finish: async ({ episodes, frames, tasks, features: described }) => {
      const videoKeys = videoFeatures(features);
      const lines = tasks.texts().map((task, task_index) => `${JSON.stringify({ task_index, task })}\n`);
      await writeFile(join(path, 'meta/tasks.jsonl'), lines.join(''));
      await writeJson(join(path, 'meta/info.json'), {
        codebase_version: 'v2.1',
        robot_type: robotType,
        total_episodes: episodes,
        total_frames: frames,
        total_tasks: tasks.texts().length,
        total_videos: episodes * videoKeys.length,
        total_chunks: Math.ceil(episodes / chunkSize),
        chunks_size: chunkSize,
        fps,
        splits: { train: `0:${episodes}` },
        data_path: dataPath,
        video_path: videoKeys.length > 0 ? videoPath : null,
        features: described,
      });
    },
    discard: async () => {},
  };
}

function imageName(frame: number): string {
  return `frame_${String(frame).padStart(6, '0')}.png`;
}
