import { type RawColumns, readColumns } from '../formats/droid-raw/columns.ts';
import { readHdf5 } from '../formats/hdf5/read.ts';
import { type Resize, resizer, type Size } from '../formats/image/resize.ts';
import { decodeVideo } from '../formats/video/decode.ts';
import type { VideoCodec } from '../formats/video/encode.ts';
import type { CameraFrames } from './camera-frames.ts';
import type { ImageStorage } from './image-storage.ts';
import { writePart } from './write-part.ts';

/** Size of images in DROID's RLDS datasets and in openpi's conversion; proportions are not kept. */
const imageSize: Size = { width: 320, height: 180 };
/** Control steps, and frames, per second. */
const fps = 15;
const jointCount = 7;

export interface RawEpisodeFiles {
  readonly trajectory: { readonly path: string };
  readonly wrist: { readonly path: string };
  readonly exterior1: { readonly path: string };
  readonly exterior2: { readonly path: string };
  readonly task: string;
  readonly actionSpace: 'joint-velocity' | 'joint-position';
  readonly images: ImageStorage;
  readonly codec: VideoCodec;
}

export async function writeRawEpisode(path: string, files: RawEpisodeFiles, scratch: string): Promise<void> {
  const { trajectory, wrist, exterior1, exterior2, task, actionSpace, images, codec } = files;
  const columns = readColumns(readHdf5(trajectory.path));
  const length = columns.gripperPosition.length;
  const cameras = {
    exterior_image_1_left: recording(exterior1.path, length),
    exterior_image_2_left: recording(exterior2.path, length),
    wrist_image_left: recording(wrist.path, length),
  };
  const numbers = numbersOf(columns, actionSpace);
  await writePart(path, { task, length, fps, robotType: 'panda', cameras, numbers }, { images, codec, scratch });
}

function numbersOf(columns: RawColumns, actionSpace: RawEpisodeFiles['actionSpace']) {
  const joints = actionSpace === 'joint-velocity' ? columns.commandedJointVelocity : columns.commandedJointPosition;
  return {
    joint_position: { values: Float32Array.from(columns.jointPosition), width: jointCount },
    gripper_position: { values: Float32Array.from(columns.gripperPosition), width: 1 },
    actions: { values: withGripper(joints, columns.commandedGripperPosition), width: jointCount + 1 },
  };
}

/** [steps, 8]: joints, then the gripper. */
function withGripper(joints: Float64Array, gripper: Float64Array): Float32Array {
  const rows = new Float32Array(gripper.length * (jointCount + 1));
  for (const [step, position] of gripper.entries()) {
    rows.set(joints.subarray(step * jointCount, (step + 1) * jointCount), step * (jointCount + 1));
    rows[step * (jointCount + 1) + jointCount] = position;
  }
  return rows;
}

/** The first `length` frames of a recording; what was recorded after the last step is not part of the episode. */
function recording(path: string, length: number): CameraFrames {
  const frames = async function* (): AsyncGenerator<Uint8Array> {
    let resize: Resize | undefined;
    let taken = 0;
    for await (const { rgb, width, height } of decodeVideo(path, undefined, { overwrites: true })) {
      resize ??= resizer({ from: { width, height }, to: imageSize, filter: 'bicubic' });
      yield resize(rgb);
      taken += 1;
      if (taken === length) return;
    }
  };
  return { size: imageSize, length, recording: path, pixels: frames() };
}
