import { constants } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../../../../cache/problem.ts';
import { createMp4File, type Mp4File, storedRange } from '../../video/mp4-file.ts';
import type { CheckedVideo } from './check-videos.ts';
import { fillPath } from '../schema/dataset.ts';
import type { EpisodeFiles } from './episode-table-writer.ts';

/** Gives an episode a video file of its own: moved when it was made for that, copied, or cut out of a shared file. */
export async function placeVideo({ source, part }: CheckedVideo, target: string, fps: number): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  if (source.firstFrame === undefined) {
    if (source.temporary !== true || !(await moved(source.path, target))) {
      await copyFile(source.path, target, constants.COPYFILE_FICLONE);
    }
  } else {
    const file = await createMp4File(target, { fps, like: part.index });
    try {
      await file.append(part);
      await file.close();
    } catch (error) {
      await file.discard();
      throw error;
    }
  }
  await removeTemporary(source);
}

/** False where the two paths are on different disks. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (Problem.is(error) || (error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    return false;
  }
}

async function removeTemporary({ temporary, firstFrame, path }: CheckedVideo['source']): Promise<void> {
  if (temporary === true && firstFrame === undefined) await rm(path, { force: true });
}

/** The video files of version 3.0: for each camera, the episodes in a row, in files of limited size. */
export interface VideoPacker {
  /** Appends the videos of an episode and says where they are. */
  readonly add: (videos: Readonly<Record<string, CheckedVideo>>) => Promise<EpisodeFiles['videos']>;
  readonly close: () => Promise<void>;
  readonly discard: () => Promise<void>;
}

export function videoPacker(
  path: string,
  options: { readonly template: string; readonly fps: number; readonly limitBytes: number; readonly chunkSize: number },
): VideoPacker {
  const cameras = new Map<string, Camera>();
  const files = (): Mp4File[] => [...cameras.values()].map(({ file }) => file);
  return {
    add: async (videos) => {
      const spans: Record<string, EpisodeFiles['videos'][string]> = {};
      for (const [key, video] of Object.entries(videos)) {
        const camera = await cameraFor(video, cameras.get(key), { path, key, ...options });
        cameras.set(key, camera);
        const from = camera.file.frameCount() / options.fps;
        await camera.file.append(video.part);
        await removeTemporary(video.source);
        const { chunk, file } = fileIndexOf(camera, options);
        spans[key] = { chunk, file, from, to: camera.file.frameCount() / options.fps };
      }
      return spans;
    },
    close: async () => {
      for (const file of files()) await file.close();
    },
    discard: async () => {
      for (const file of files()) await file.discard();
    },
  };
}

/** The file of a camera that is being filled. */
interface Camera {
  readonly file: Mp4File;
  readonly number: number;
  readonly coding: string;
}

/** Upstream's rule: a new file when this one would reach the limit; and when the episode is coded in another way. */
async function cameraFor(
  { part }: CheckedVideo,
  open: Camera | undefined,
  {
    path,
    key,
    template,
    fps,
    limitBytes,
    chunkSize,
  }: { path: string; key: string; template: string; fps: number; limitBytes: number; chunkSize: number },
): Promise<Camera> {
  const { start, end } = storedRange(part);
  const bytes = part.index.sizes.subarray(start, end).reduce((sum, size) => sum + size, 0);
  if (open?.coding === part.index.coding && open.file.sizeBytes() + bytes < limitBytes) return open;
  await open?.file.close();
  const number = open === undefined ? 0 : open.number + 1;
  const { chunk, file } = fileIndexOf({ number }, { chunkSize });
  const target = join(path, fillPath(template, { video_key: key, chunk_index: chunk, file_index: file }));
  await mkdir(dirname(target), { recursive: true });
  return { number, coding: part.index.coding, file: await createMp4File(target, { fps, like: part.index }) };
}

function fileIndexOf(
  { number }: { number: number },
  { chunkSize }: { chunkSize: number },
): { chunk: number; file: number } {
  return { chunk: Math.floor(number / chunkSize), file: number % chunkSize };
}
