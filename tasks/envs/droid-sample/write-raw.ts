import { mkdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt } from '../../core/spec.ts';
import { annotationsFile } from '../../formats/droid-raw/annotations.ts';
import { writeHdf5 } from '../../formats/hdf5/write.ts';
import { encodeVideo } from '../../formats/video/encode.ts';
import { type SampleEpisode, simulate } from './episode.ts';
import { type Camera, cameras, dateOf, folderBelowLab, timestampOf, uuidOf } from './facts.ts';
import { Pictures, type PictureSize } from './pictures.ts';
import { trajectoryOf } from './trajectory.ts';

export interface SampleRaw {
  readonly episodes: number;
  /** Control steps of an episode on average. */
  readonly meanSteps: number;
  readonly videoSize: PictureSize;
  /** Adds one episode of each way in which episodes are incomplete. */
  readonly incomplete: boolean;
  readonly seed: number;
}

type Lack = 'metadata' | 'camera' | 'end of video' | 'end of trajectory';
const lacks: readonly Lack[] = ['metadata', 'camera', 'end of video', 'end of trajectory'];

/** Writes episode folders as raw DROID has them, and its language file. */
export async function writeSampleRaw(
  folder: string,
  plan: SampleRaw,
  { signal, report }: Pick<Attempt, 'signal' | 'report'>,
): Promise<void> {
  const total = plan.episodes + (plan.incomplete ? lacks.length : 0);
  const annotations: Record<string, Record<string, string>> = {};
  for (let index = 0; index < total; index += 1) {
    signal.throwIfAborted();
    const episode = simulate({ ...plan, index });
    await writeEpisode(folder, episode, plan, lacks[index - plan.episodes]);
    const texts = episode.facts.instructions.map((text, k) => [`language_instruction${k + 1}`, text]);
    const written = texts.filter(([, text]) => text !== '');
    if (written.length > 0) annotations[uuidOf(episode.facts)] = Object.fromEntries(written);
    report({ done: index + 1, total, unit: 'episodes' });
  }
  await writeFile(join(folder, annotationsFile), `${JSON.stringify(annotations, undefined, 1)}\n`);
}

async function writeEpisode(
  folder: string,
  episode: SampleEpisode,
  plan: SampleRaw,
  lack: Lack | undefined,
): Promise<void> {
  const { facts, success } = episode;
  const pictures = new Pictures(plan.seed, episode, plan.videoSize);
  const at = join(folder, facts.lab, folderBelowLab(facts, success));
  await mkdir(join(at, 'recordings/MP4'), { recursive: true });
  const trajectory = join(at, 'trajectory.h5');
  await writeHdf5(trajectory, trajectoryOf(plan.seed, episode, pictures));
  if (lack === 'end of trajectory') await truncate(trajectory, Math.floor((await stat(trajectory)).size / 2));
  if (lack !== 'metadata') {
    await writeFile(join(at, `metadata_${uuidOf(facts)}.json`), JSON.stringify(metadataOf(episode, pictures)));
  }
  const filmed = lack === 'camera' ? cameras.filter((camera) => camera !== 'exterior2') : cameras;
  const missing = lack === 'end of video' ? 10 : 0;
  await Promise.all(
    filmed.map((camera) => {
      const frames = framesOf(pictures, camera, episode.steps - (camera === 'wrist' ? missing : 0));
      return encodeVideo(frames, join(at, videoPath(facts.serials[camera])), {
        codec: 'h264',
        fps: cameraFps,
        frames: { of: 'rgb24', ...plan.videoSize },
      });
    }),
  );
}

/** Of the container; there is one frame for each control step all the same. */
const cameraFps = 60;

function videoPath(serial: string): string {
  return `recordings/MP4/${serial}.mp4`;
}

function* framesOf(pictures: Pictures, camera: Camera, count: number): Generator<Uint8Array> {
  for (let t = 0; t < count; t += 1) yield pictures.draw(camera, t).rgb.slice();
}

const shortNames: Readonly<Record<Camera, string>> = { wrist: 'wrist', exterior1: 'ext1', exterior2: 'ext2' };

/** Paths are relative to the lab's folder. */
function metadataOf({ facts, steps, success }: SampleEpisode, pictures: Pictures): Record<string, unknown> {
  const folder = folderBelowLab(facts, success);
  const named = (suffix: string, value: (camera: Camera) => unknown): Record<string, unknown> =>
    Object.fromEntries(cameras.map((camera) => [`${shortNames[camera]}_${suffix}`, value(camera)]));
  const video = (camera: Camera): string => `${folder}/${videoPath(facts.serials[camera])}`;
  return {
    uuid: uuidOf(facts),
    lab: facts.lab,
    user: facts.user,
    user_id: facts.userId,
    date: dateOf(facts.startMs),
    timestamp: timestampOf(facts.startMs),
    hdf5_path: `${folder}/trajectory.h5`,
    building: facts.building,
    scene_id: facts.sceneId,
    success,
    robot_serial: facts.robotSerial,
    droid_version: '1.1',
    current_task: facts.currentTask,
    trajectory_length: steps,
    ...named('cam_serial', (camera) => facts.serials[camera]),
    ...named('cam_extrinsics', (camera) => pictures.poseOf(camera, 0)),
    ...named('svo_path', (camera) => `${folder}/recordings/SVO/${facts.serials[camera]}.svo`),
    ...named('mp4_path', video),
    left_mp4_path: video('exterior1'),
    right_mp4_path: video('exterior2'),
  };
}
