import type { DeclaredFeature, EpisodeValues } from '../../formats/rlds/write.ts';
import type { SampleEpisode } from './episode.ts';
import { type Camera, folderBelowLab } from './facts.ts';

/** Of DROID's pictures in RLDS, pixels. */
export const pictureSize = { width: 320, height: 180 } as const;

const picture: DeclaredFeature = { dtype: 'image', shape: [180, 320, 3] };
const row = (width: number): DeclaredFeature => ({ dtype: 'float64', shape: [width] });

/** The features of DROID 1.0.1. */
export const droidFeatures: Readonly<Record<string, DeclaredFeature>> = {
  'steps/is_first': { dtype: 'bool' },
  'steps/is_last': { dtype: 'bool' },
  'steps/is_terminal': { dtype: 'bool' },
  'steps/language_instruction': { dtype: 'text' },
  'steps/language_instruction_2': { dtype: 'text' },
  'steps/language_instruction_3': { dtype: 'text' },
  'steps/observation/exterior_image_1_left': picture,
  'steps/observation/exterior_image_2_left': picture,
  'steps/observation/wrist_image_left': picture,
  'steps/observation/cartesian_position': row(6),
  'steps/observation/joint_position': row(7),
  'steps/observation/gripper_position': row(1),
  'steps/action_dict/cartesian_position': row(6),
  'steps/action_dict/cartesian_velocity': row(6),
  'steps/action_dict/joint_position': row(7),
  'steps/action_dict/joint_velocity': row(7),
  'steps/action_dict/gripper_position': row(1),
  'steps/action_dict/gripper_velocity': row(1),
  'steps/action': row(7),
  'steps/discount': { dtype: 'float32' },
  'steps/reward': { dtype: 'float32' },
  'episode_metadata/recording_folderpath': { dtype: 'text' },
  'episode_metadata/file_path': { dtype: 'text' },
};

const releasePath = 'gs://xembodiment_data/r2d2/r2d2-data-full';

/** An episode as a record. `action` is the commanded Cartesian pose and gripper position, as builders of DROID fill it. */
export function valuesOf(
  { columns, facts, steps, success }: SampleEpisode,
  jpegs: Readonly<Record<Camera, readonly Buffer[]>>,
): EpisodeValues {
  const each = <T>(value: (t: number) => T): T[] => Array.from({ length: steps }, (_, t) => value(t));
  const last = { int: each((t) => Number(t === steps - 1)) };
  const folder = `${releasePath}/${facts.lab}/${folderBelowLab(facts, success)}`;
  const { commandedCartesianPosition: pose, commandedGripperPosition: gripper } = columns;
  const instruction = (k: 0 | 1 | 2): EpisodeValues[string] => {
    const bytes = Buffer.from(facts.instructions[k]);
    return { bytes: each(() => bytes) };
  };
  return {
    'steps/is_first': { int: each((t) => Number(t === 0)) },
    'steps/is_last': last,
    'steps/is_terminal': last,
    'steps/language_instruction': instruction(0),
    'steps/language_instruction_2': instruction(1),
    'steps/language_instruction_3': instruction(2),
    'steps/observation/exterior_image_1_left': { bytes: jpegs.exterior1 },
    'steps/observation/exterior_image_2_left': { bytes: jpegs.exterior2 },
    'steps/observation/wrist_image_left': { bytes: jpegs.wrist },
    'steps/observation/cartesian_position': { float: columns.cartesianPosition },
    'steps/observation/joint_position': { float: columns.jointPosition },
    'steps/observation/gripper_position': { float: columns.gripperPosition },
    'steps/action_dict/cartesian_position': { float: pose },
    'steps/action_dict/cartesian_velocity': { float: columns.commandedCartesianVelocity },
    'steps/action_dict/joint_position': { float: columns.commandedJointPosition },
    'steps/action_dict/joint_velocity': { float: columns.commandedJointVelocity },
    'steps/action_dict/gripper_position': { float: gripper },
    'steps/action_dict/gripper_velocity': { float: columns.commandedGripperVelocity },
    'steps/action': { float: each((t) => [...pose.subarray(6 * t, 6 * t + 6), gripper[t] as number]).flat() },
    'steps/discount': { float: each(() => 1) },
    'steps/reward': { float: each((t) => Number(success && t === steps - 1)) },
    'episode_metadata/recording_folderpath': { bytes: [`${folder}/recordings/MP4`] },
    'episode_metadata/file_path': { bytes: [`${folder}/trajectory.h5`] },
  };
}
