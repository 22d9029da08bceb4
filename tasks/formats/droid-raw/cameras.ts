import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import type { Hdf5File } from '../hdf5/read.ts';
import { mp4FrameCount } from '../video/mp4-frame-count.ts';

export interface RawCamera {
  readonly serial: string;
  /** Path of the left view, relative to the data folder. */
  readonly video: string;
  readonly frameCount: number;
}

export interface RawCameras {
  readonly wrist: RawCamera;
  readonly exterior1: RawCamera;
  readonly exterior2: RawCamera;
}

const videoFolder = 'recordings/MP4';
const wristType = 0;

/**
 * The cameras as openpi's conversion picks them: the wrist camera is the first serial of type 0, the exterior ones are
 * the first two others, in the order of serials.
 *
 * A camera or video that is not there, and a video with fewer frames than steps, is a `Problem`.
 */
export async function readCameras(
  { root, episode, steps }: { root: string; episode: string; steps: number },
  file: Hdf5File,
): Promise<RawCameras> {
  const types = cameraTypes(file);
  await refuseUnknown(join(root, episode), types);
  const wrist = [...types].find(([, type]) => type === wristType)?.[0];
  const [exterior1, exterior2] = [...types].filter(([, type]) => type !== wristType).map(([serial]) => serial);
  if (wrist === undefined || exterior1 === undefined || exterior2 === undefined) {
    const cameraList = [...types].map(([serial, type]) => `${serial} of type ${type}`).join(', ') || 'none';
    throw new Problem('camera-missing', `One wrist and two exterior cameras are needed; found ${cameraList}.`);
  }
  const camera = async (serial: string): Promise<RawCamera> => {
    const video = join(episode, videoFolder, `${serial}.mp4`);
    return { serial, video, frameCount: await framesOf(root, video, steps) };
  };
  return { wrist: await camera(wrist), exterior1: await camera(exterior1), exterior2: await camera(exterior2) };
}

/** Type of each serial, in the order of HDF5 keys, which is that of texts. */
function cameraTypes(file: Hdf5File): ReadonlyMap<string, number> {
  const group = 'observation/camera_type/';
  const types = new Map<string, number>();
  for (const [path, dataset] of file.datasets) {
    if (!path.startsWith(group)) continue;
    const type = dataset.read()[0];
    if (type !== undefined) types.set(path.slice(group.length), Number(type));
  }
  return types;
}

/** openpi's conversion stops at a video whose serial the trajectory does not know. Stereo files are no cameras to it. */
async function refuseUnknown(folder: string, types: ReadonlyMap<string, number>): Promise<void> {
  const names = await readdir(join(folder, videoFolder)).catch((cause) => {
    throw new Problem('camera-missing', `It has no ${videoFolder}.`, { cause });
  });
  const serials = names.filter((name) => name.endsWith('.mp4')).map((name) => name.slice(0, -'.mp4'.length));
  const unknown = serials.filter((serial) => !serial.includes('stereo') && !types.has(serial)).sort();
  if (unknown.length === 0) return;
  throw new Problem('camera-unknown', `Camera ${unknown.join(', ')} has a video but no type in the trajectory.`);
}

async function framesOf(root: string, video: string, steps: number): Promise<number> {
  const path = join(root, video);
  await access(path).catch((cause) => {
    throw new Problem('camera-missing', `${video} is not there.`, { cause });
  });
  const frames = await mp4FrameCount(path);
  if (frames < steps) throw new Problem('video-short', `${video} has ${frames} frames for ${steps} steps.`);
  return frames;
}
