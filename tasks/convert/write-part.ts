import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Column, Episode, Feature } from '../formats/lerobot-dataset/read.ts';
import { writeDataset } from '../formats/lerobot-dataset/write.ts';
import type { VideoCodec } from '../formats/video/encode.ts';
import { type CameraFrames, imageFeature, toImages, toVideo } from './camera-frames.ts';
import type { ImageStorage } from './image-storage.ts';

/** An episode on its way into a dataset of its own. */
export interface PartEpisode {
  readonly task: string;
  readonly length: number;
  readonly fps: number;
  readonly robotType: string;
  /** By name, in the order of the features; numbers come after cameras. */
  readonly cameras: Readonly<Record<string, CameraFrames>>;
  readonly numbers: Readonly<Record<string, { readonly values: Float32Array; readonly width: number }>>;
}

/**
 * Writes a dataset of one episode. It is of version 3.0, which keeps all statistics that a dataset of any version needs,
 * so that gathering parts decodes nothing. `scratch`: a folder for videos on their way.
 */
export async function writePart(
  path: string,
  { task, length, fps, robotType, cameras, numbers }: PartEpisode,
  { images, codec, scratch }: { images: ImageStorage; codec: VideoCodec; scratch: string },
): Promise<void> {
  await mkdir(scratch, { recursive: true });
  const features: Record<string, Feature> = {};
  const videos: Record<string, NonNullable<Episode['videos']>[string]> = {};
  const stills: Record<string, NonNullable<Episode['images']>[string]> = {};
  for (const [name, camera] of Object.entries(cameras)) {
    features[name] = imageFeature(images, camera.size);
    if (images === 'image') stills[name] = await toImages(camera);
    else videos[name] = await toVideo(camera, { path: join(scratch, `${name}.mp4`), fps, codec });
  }
  const columns: Record<string, Column> = {};
  for (const [name, { values, width }] of Object.entries(numbers)) {
    features[name] = { dtype: 'float32', shape: [width], names: [name] };
    columns[name] = values;
  }
  const episode: Episode = { index: 0, tasks: [task], length, columns, images: stills, videos };
  await writeDataset(path, { version: 'v3.0', fps, robotType, features }, [episode]);
}
