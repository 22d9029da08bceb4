import { Problem } from '../../cache/problem.ts';
import { encodePng } from '../formats/image/encode-png.ts';
import type { Size } from '../formats/image/resize.ts';
import type { EpisodeImages, EpisodeVideo, Feature } from '../formats/lerobot-dataset/read.ts';
import { type ImageStats, imageStats } from '../formats/lerobot-dataset/write.ts';
import { decodeImages } from '../formats/video/decode-images.ts';
import { encodeVideo, type VideoCodec } from '../formats/video/encode.ts';
import { transcodeVideo } from '../formats/video/transcode.ts';

/**
 * The images of one camera in one episode, one a step: whole files, or the first frames of a recording, whose `pixels`,
 * [height, width, 3] RGB, are resized as Pillow does it.
 */
export type CameraFrames = { readonly size: Size; readonly length: number } & (
  | { readonly recording: string; readonly pixels: AsyncIterable<Uint8Array> }
  | { readonly files: readonly Uint8Array[]; readonly of: 'jpeg' | 'png' }
);

type ImageFiles = Extract<CameraFrames, { files: unknown }>;
type Recording = Extract<CameraFrames, { recording: unknown }>;

export function imageFeature(dtype: 'video' | 'image', { width, height }: Size): Feature {
  return { dtype, shape: [height, width, 3], names: ['height', 'width', 'channel'] };
}

/**
 * Encodes a camera to an MP4 at `path`, which the writer of the dataset moves; statistics are of the frames before that.
 *
 * A recording is resized by ffmpeg itself: what Pillow would do otherwise is far less than what encoding loses.
 */
export async function toVideo(camera: CameraFrames, video: VideoTarget): Promise<EpisodeVideo> {
  const stats = imageStats({ length: camera.length, ...camera.size });
  await ('files' in camera ? encodeFiles(camera, video, stats) : encodeRecording(camera, video, stats));
  return { path: video.path, stats: stats.total(), temporary: true };
}

interface VideoTarget {
  readonly path: string;
  readonly fps: number;
  readonly codec: VideoCodec;
}

async function encodeFiles(camera: ImageFiles, { path, fps, codec }: VideoTarget, stats: ImageStats): Promise<void> {
  const encoding = encodeVideo(camera.files, path, { codec, fps, frames: { of: camera.of } });
  const [count] = await Promise.all([encoding, addFiles(camera, stats)]);
  refuseOtherLength(count, camera.length);
}

async function encodeRecording(camera: Recording, { path, fps, codec }: VideoTarget, stats: ImageStats): Promise<void> {
  const { recording, size, length } = camera;
  const onFrame = (frame: number, rgb: Uint8Array): void => {
    if (stats.wants(frame)) stats.add(frame, rgb);
  };
  await transcodeVideo(recording, path, { codec, fps, size, frameCount: length, onFrame });
}

/** A PNG for each frame; PNG files stay as they are. */
export async function toImages(camera: CameraFrames): Promise<EpisodeImages> {
  const { size, length } = camera;
  const stats = imageStats({ length, ...size });
  if ('files' in camera && camera.of === 'png') {
    await addFiles(camera, stats);
    return { frames: camera.files, stats: stats.total() };
  }
  const pixels = 'pixels' in camera ? camera.pixels : decoded(camera.files, camera);
  const frames: Uint8Array[] = [];
  for await (const rgb of counted(pixels, stats)) frames.push(encodePng(rgb, size));
  refuseOtherLength(frames.length, length);
  return { frames, stats: stats.total() };
}

/** Hands frames through and takes them into the statistics on the way. */
async function* counted(pixels: AsyncIterable<Uint8Array>, stats: ImageStats): AsyncGenerator<Uint8Array> {
  let index = 0;
  for await (const rgb of pixels) {
    if (stats.wants(index)) stats.add(index, rgb);
    yield rgb;
    index += 1;
  }
}

/** Each frame holds until the next is taken. */
async function* decoded(files: readonly Uint8Array[], { of, size }: ImageFiles): AsyncGenerator<Uint8Array> {
  for await (const { rgb } of decodeImages(files, { of, ...size, camera: 'a camera', overwrites: true })) yield rgb;
}

/** Decodes only the files that count. */
async function addFiles(camera: ImageFiles, stats: ImageStats): Promise<void> {
  const wanted = [...camera.files.keys()].filter((index) => stats.wants(index));
  const files = wanted.map((index) => camera.files[index] as Uint8Array);
  let next = 0;
  for await (const rgb of decoded(files, camera)) {
    stats.add(wanted[next] as number, rgb);
    next += 1;
  }
}

function refuseOtherLength(imageCount: number, expected: number): void {
  if (imageCount === expected) return;
  throw new Problem('frames-lost', `A camera gave ${imageCount} images for an episode of ${expected} steps.`);
}
