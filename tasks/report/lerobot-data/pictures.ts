import { jpegEncoder, type Rgb } from '../../formats/jpeg/encode.ts';
import { framesOf } from '../../formats/lerobot-dataset/frames.ts';
import { type Episode, readEpisodes } from '../../formats/lerobot-dataset/read.ts';
import type { Picture } from '../data-page/pictures.ts';

const [mostCameras, mostEpisodes, widest, quality] = [3, 2, 640, 85];

/** The first frame of some cameras in the first episode and in one in the middle. */
export async function firstPictures(folder: string, cameras: readonly string[], episodes: number): Promise<Picture[]> {
  const shown = cameras.slice(0, mostCameras);
  if (shown.length === 0) return [];
  const positions = new Set([0, episodes >> 1]);
  const pictures: Picture[] = [];
  let position = -1;
  for await (const episode of readEpisodes(folder, { columns: shown })) {
    position += 1;
    if (!positions.has(position)) continue;
    for (const camera of shown) pictures.push(await pictureOf(episode, camera));
    if (pictures.length >= mostEpisodes * shown.length) break;
  }
  return pictures;
}

async function pictureOf(episode: Episode, camera: string): Promise<Picture> {
  const caption = episode.tasks[0]?.trim() || 'no task';
  const png = episode.images?.[camera]?.frames[0];
  if (png) return { camera, caption, format: 'png', bytes: png };
  for await (const frame of framesOf(episode, camera)) {
    return { camera, caption, format: 'jpeg', bytes: jpegEncoder(quality)(shrunk(frame)) };
  }
  throw new Error(`episode ${episode.index} has no frames`); // the reader refuses such episodes
}

/** Every n-th pixel of every n-th row, so that it is at most `widest` wide. */
function shrunk({ width, height, rgb }: Rgb): Rgb {
  const step = Math.ceil(width / widest);
  if (step === 1) return { width, height, rgb };
  const [columns, rows] = [Math.floor(width / step), Math.floor(height / step)];
  const smaller = new Uint8Array(columns * rows * 3);
  for (let i = 0; i < columns * rows; i += 1) {
    const from = 3 * (Math.floor(i / columns) * step * width + (i % columns) * step);
    smaller.set(rgb.subarray(from, from + 3), 3 * i);
  }
  return { width: columns, height: rows, rgb: smaller };
}
