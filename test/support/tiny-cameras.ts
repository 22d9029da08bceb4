import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Episode, Feature } from '../../tasks/formats/lerobot-dataset/read.ts';
import { imageStats } from '../../tasks/formats/lerobot-dataset/write.ts';
import { encodeVideo, type VideoCodec } from '../../tasks/formats/video/encode.ts';
import { png } from './png.ts';

export const videoSize = { width: 96, height: 64 } as const;
export const imageSize = { width: 10, height: 6 } as const;
const names = ['height', 'width', 'channels'];

export const cameraFeatures: Readonly<Record<string, Feature>> = {
  'observation.state': { dtype: 'float32', shape: [2], names: ['x', 'y'] },
  'observation.images.top': { dtype: 'video', shape: [64, 96, 3], names },
  'observation.images.side': { dtype: 'video', shape: [64, 96, 3], names },
  'observation.images.wrist': { dtype: 'image', shape: [6, 10, 3], names },
  note: { dtype: 'string', shape: [1], names: null },
  action: { dtype: 'float32', shape: [3], names: null },
};

/** An episode whose frames tell episode, camera and time apart. Its videos lie in `folder`. */
export async function cameraEpisode(
  folder: string,
  { index, length, fps, codec = 'h264' }: { index: number; length: number; fps: number; codec?: VideoCodec },
): Promise<Episode> {
  mkdirSync(folder, { recursive: true });
  const video = async (name: string, tint: number) => {
    const frames = [...sceneFrames(length, { ...videoSize, start: index * 13, tint })];
    const path = join(folder, `${name}-${index}-${length}.mp4`);
    await encodeVideo(frames, path, { codec, fps, frames: { of: 'rgb24', ...videoSize } });
    return { path, stats: statsOf(frames, videoSize) };
  };
  const images = [...sceneFrames(length, { ...imageSize, start: index * 13, tint: 90 })];
  return {
    index,
    tasks: [index % 2 === 0 ? 'pick' : 'place'],
    length,
    columns: {
      'observation.state': Float32Array.from({ length: length * 2 }, (_, i) => index * 100 + i + 0.1),
      action: Float32Array.from({ length: length * 3 }, (_, i) => index - i / 3),
    },
    strings: { note: Array.from({ length }, (_, frame) => `épisode ${index}, frame ${frame}`) },
    images: {
      'observation.images.wrist': {
        frames: images.map((rgb) => png(rgb, imageSize)),
        stats: statsOf(images, imageSize),
      },
    },
    videos: {
      'observation.images.top': await video('top', 30),
      'observation.images.side': await video('side', 200),
    },
  };
}

export function* sceneFrames(
  count: number,
  { width, height, start, tint }: { width: number; height: number; start: number; tint: number },
): Generator<Uint8Array> {
  for (let frame = 0; frame < count; frame += 1) {
    const rgb = new Uint8Array(width * height * 3);
    for (let pixel = 0; pixel < width * height; pixel += 1) {
      const column = pixel % width;
      const bar = Math.abs(column - ((8 * (frame + start)) % width)) < width / 16 ? 60 : 0;
      rgb.set([(40 + 8 * (frame + start) + bar) % 256, 60 + column, tint], pixel * 3);
    }
    yield rgb;
  }
}

function statsOf(frames: readonly Uint8Array[], size: { width: number; height: number }) {
  const stats = imageStats({ length: frames.length, ...size });
  for (const [frame, rgb] of frames.entries()) stats.add(frame, rgb);
  return stats.total();
}
