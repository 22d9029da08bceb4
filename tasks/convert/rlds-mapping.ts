import { z } from 'zod';

const featureNames = z.array(z.string().min(1)).min(1);

/** Which features of an RLDS dataset become which of a LeRobot dataset; names as in records: `steps/observation/…`. */
export const rldsMapping = z.object({
  /** Control steps per second. */
  fps: z.int().min(1),
  robotType: z.string().min(1),
  /** JPEG or PNG images, one a step. */
  images: z.record(z.string(), z.string().min(1)),
  /** float32; the values of several features of a step are put behind one another. */
  numbers: z.record(z.string(), featureNames),
  /** Texts that say what was to be done; the first that is not empty is the task. */
  instructions: featureNames,
  /** The task of episodes without any. */
  defaultTask: z.string().min(1).default('Do something'),
  /** Episode features whose values name an episode; an episode without them is named by its record's digest. */
  key: z.array(z.string().min(1)).default([]),
  /** The episode feature that has "success" in it when the episode was one. */
  success: z.string().min(1).optional(),
});
export type RldsMapping = z.output<typeof rldsMapping>;

/** DROID, with the features that openpi's conversion of raw episodes makes. */
export function droidMapping(actionSpace: 'joint-velocity' | 'joint-position' = 'joint-velocity'): RldsMapping {
  const images = ['exterior_image_1_left', 'exterior_image_2_left', 'wrist_image_left'];
  const joints = actionSpace === 'joint-velocity' ? 'joint_velocity' : 'joint_position';
  return {
    fps: 15,
    robotType: 'panda',
    images: Object.fromEntries(images.map((name) => [name, `steps/observation/${name}`])),
    numbers: {
      joint_position: ['steps/observation/joint_position'],
      gripper_position: ['steps/observation/gripper_position'],
      actions: [`steps/action_dict/${joints}`, 'steps/action_dict/gripper_position'],
    },
    instructions: ['', '_2', '_3'].map((suffix) => `steps/language_instruction${suffix}`),
    defaultTask: 'Do something',
    key: ['episode_metadata/file_path'],
    success: 'episode_metadata/file_path',
  };
}
