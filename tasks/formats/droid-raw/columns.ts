import { Problem } from '../../../cache/problem.ts';
import type { Hdf5File } from '../hdf5/read.ts';

/** Numbers of one episode, row-major, one row a step at 15 Hz; float64 as in the file. */
export interface RawColumns {
  /** [steps, 7] rad, measured. */
  readonly jointPosition: Float64Array;
  /** [steps] from 0 (open) to 1 (closed), measured. */
  readonly gripperPosition: Float64Array;
  /** [steps, 7] rad, commanded. */
  readonly commandedJointPosition: Float64Array;
  /** [steps, 7] commanded, as a share of the largest velocity, in [-1, 1]. */
  readonly commandedJointVelocity: Float64Array;
  /** [steps] from 0 (open) to 1 (closed), commanded. */
  readonly commandedGripperPosition: Float64Array;
}

const sources: Readonly<Record<keyof RawColumns, { readonly path: string; readonly width: 1 | 7 }>> = {
  jointPosition: { path: 'observation/robot_state/joint_positions', width: 7 },
  gripperPosition: { path: 'observation/robot_state/gripper_position', width: 1 },
  commandedJointPosition: { path: 'action/joint_position', width: 7 },
  commandedJointVelocity: { path: 'action/joint_velocity', width: 7 },
  commandedGripperPosition: { path: 'action/gripper_position', width: 1 },
};

/** Steps of an episode: the rows of its measured joint positions. */
export function stepCountOf(file: Hdf5File): number {
  const { path, shape } = file.dataset(sources.jointPosition.path);
  const steps = shape[0] ?? 0;
  if (steps === 0) throw new Problem('episode-empty', `"/${path}" of ${file.path} has no steps.`);
  return steps;
}

/** The columns that conversions need, each with one row per step. Other datasets of the file are not looked at. */
export function readColumns(file: Hdf5File): RawColumns {
  const steps = stepCountOf(file);
  return {
    jointPosition: readColumn(file, 'jointPosition', steps),
    gripperPosition: readColumn(file, 'gripperPosition', steps),
    commandedJointPosition: readColumn(file, 'commandedJointPosition', steps),
    commandedJointVelocity: readColumn(file, 'commandedJointVelocity', steps),
    commandedGripperPosition: readColumn(file, 'commandedGripperPosition', steps),
  };
}

function readColumn(file: Hdf5File, name: keyof RawColumns, steps: number): Float64Array {
  const { path, width } = sources[name];
  const dataset = file.dataset(path);
  const expected = width === 1 ? [steps] : [steps, width];
  if (dataset.shape.join() !== expected.join()) {
    throw new Problem(
      'raw-shape',
      `"/${path}" of ${file.path} has shape [${dataset.shape.join(', ')}], not [${expected.join(', ')}].`,
    );
  }
  const values = dataset.read();
  if (values instanceof Float64Array) return values;
  if (values instanceof Float32Array) return Float64Array.from(values);
  throw new Problem('raw-type', `"/${path}" of ${file.path} has ${dataset.type.of} values, not floats.`);
}
