import { Problem } from '../../../cache/problem.ts';
import { decodeImages } from '../video/decode-images.ts';
import { decodeVideo, type VideoFrame } from '../video/decode.ts';
import type { Episode, EpisodeVideo } from './schema/dataset.ts';
import { pngSize } from './schema/image-size.ts';
import { readEpisodes } from './read.ts';

/** Where the video frames of an episode lie that was read with this feature. */
export function videoOf(episode: Episode, key: string): EpisodeVideo {
  return episode.videos?.[key] ?? unknownCamera(episode, key);
}

/** The frames of a camera in an episode that was read with this feature, decoded as they are taken. */
export async function* framesOf(episode: Episode, key: string): AsyncGenerator<VideoFrame> {
  const images = episode.images?.[key]?.frames;
  if (images) {
    const camera = `"${key}" of episode ${episode.index}`;
    const size = images[0] && pngSize(images[0]);
    if (!size) throw new Problem('image-damaged', `${camera} holds no PNG files.`);
    yield* decodeImages(images, { ...size, camera });
    return;
  }
  const { path, firstFrame = 0 } = videoOf(episode, key);
  yield* decodeVideo(path, { firstFrame, frameCount: episode.length });
}

/** The frames of one camera in one episode of the dataset in the folder `path`, decoded as they are taken. */
export async function* readFrames(path: string, episode: number, key: string): AsyncGenerator<VideoFrame> {
  for await (const loaded of readEpisodes(path, { columns: [key], episodes: [episode] })) yield* framesOf(loaded, key);
}

function unknownCamera({ index, images = {}, videos = {} }: Episode, key: string): never {
  const cameras = [...Object.keys(images), ...Object.keys(videos)];
  throw new Problem('feature-unknown', `Episode ${index} has no camera "${key}".`, {
    hint: cameras.length > 0 ? `It has: ${cameras.join(', ')}.` : 'It was read without cameras.',
  });
}
