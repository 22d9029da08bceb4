import { z } from 'zod';
import { task } from '../core/task.ts';
import { ffmpegNeeds } from '../formats/video/needs.ts';
import { droidRecording, droidTrajectory } from '../kinds/files-in-place.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { imageStorage, videoCodec } from './image-storage.ts';

/**
 * One raw DROID episode as a LeRobot dataset of that episode, as openpi's conversion makes it
 * (examples/droid/convert_droid_data_to_lerobot.py): three cameras of 320 x 180, joint and gripper position, and actions:
 * commanded joint velocities (or positions) and gripper position. Frame k is step k of the trajectory, at 15 Hz.
 */
export const convertRawEpisode = task({
  name: 'convert-raw-episode',
  inputs: {
    trajectory: droidTrajectory,
    wrist: droidRecording,
    exterior1: droidRecording,
    exterior2: droidRecording,
    /** What was to be done, in words. */
    task: z.string(),
    actionSpace: z.enum(['joint-velocity', 'joint-position']).default('joint-velocity'),
    images: imageStorage.default('video'),
    /** Of videos. */
    codec: videoCodec.default('av1'),
  },
  outputs: { part: lerobotDataset },
  needs: ({ images, codec = 'av1' }) => ffmpegNeeds(images === 'image' ? undefined : codec),
  run: async (inputs, out, attempt) => {
    const { writeRawEpisode } = await import('./raw-episode.ts');
    await writeRawEpisode(out.part, inputs, attempt.scratch);
    return { part: out.part };
  },
});
