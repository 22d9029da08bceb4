import { Problem } from '../../../cache/problem.ts';
import { readRanges } from '../../formats/idle-ranges.ts';
import { readEpisodes as readLerobot } from '../../formats/lerobot-dataset/read.ts';
import { type ActionSpace, featuresFor, framesOf, width } from '../../formats/rlds/droid-frames.ts';
import { refuseOtherShape } from '../../formats/rlds/droid.ts';
import { readFeatures } from '../../formats/rlds/features.ts';
import { readEpisodes as readRlds } from '../../formats/rlds/read.ts';

/** Frames of a dataset, before normalisation. */
export interface ArmFrames {
  readonly count: number;
  /** [count, 8]: joint positions in radians, gripper position from 0 (open) to 1. */
  readonly states: Float32Array;
  /** [count, horizon, 8]: joints, gripper. Past an episode's end its last action is repeated. */
  readonly chunks: Float32Array;
}

/** Joints and gripper. */
export const armWidth = width;

/** The frames of DROID in RLDS that openpi's loader would train on: successes, within the ranges, chunks as deltas. */
export async function rldsFrames(
  folder: string,
  { ranges, ...rule }: { actionSpace: ActionSpace; actionHorizon: number; ranges: string | undefined },
): Promise<ArmFrames> {
  const features = featuresFor(rule.actionSpace);
  refuseOtherShape(await readFeatures(folder), features);
  const kept = ranges === undefined ? undefined : await readRanges(ranges);
  const parts: ArmFrames[] = [];
  for await (const episode of readRlds(folder, { features })) {
    const { steps, states, actions } = framesOf(episode, { ...rule, successOnly: true, ranges: kept });
    if (steps.length > 0) parts.push({ count: steps.length, states, chunks: actions });
  }
  return joined(parts, folder);
}

/** Columns of DROID data in LeRobot's format, under the names of openpi's conversion. */
const columns = { joints: 'joint_position', gripper: 'gripper_position', actions: 'actions' } as const;

/** All frames of DROID data in LeRobot's format; actions as they are stored. */
export async function lerobotFrames(folder: string, { actionHorizon }: { actionHorizon: number }): Promise<ArmFrames> {
  const parts: ArmFrames[] = [];
  for await (const { index, length, columns: episodeColumns } of readLerobot(folder, {
    columns: Object.values(columns),
  })) {
    const read = (name: string, size: number): Float32Array => {
      const values = episodeColumns[name];
      if (values instanceof Float32Array && values.length === length * size) return values;
      throw new Problem(
        'wrong-feature',
        `"${name}" of episode ${index} in ${folder} should be float32 [frames, ${size}].`,
        { hint: 'The conversions of DROID data write it so: droidToLerobot, rldsToLerobot.' },
      );
    };
    const states = new Float32Array(length * armWidth);
    const [joints, gripper] = [read(columns.joints, armWidth - 1), read(columns.gripper, 1)];
    for (let t = 0; t < length; t += 1) {
      states.set(joints.subarray(t * (armWidth - 1), (t + 1) * (armWidth - 1)), t * armWidth);
      states[(t + 1) * armWidth - 1] = gripper[t] as number;
    }
    parts.push({ count: length, states, chunks: chunksOf(read(columns.actions, armWidth), length, actionHorizon) });
  }
  return joined(parts, folder);
}

function chunksOf(actions: Float32Array, length: number, horizon: number): Float32Array {
  const chunks = new Float32Array(length * horizon * armWidth);
  for (let t = 0; t < length; t += 1) {
    for (let i = 0; i < horizon; i += 1) {
      const from = Math.min(t + i, length - 1) * armWidth;
      chunks.set(actions.subarray(from, from + armWidth), (t * horizon + i) * armWidth);
    }
  }
  return chunks;
}

function joined(parts: readonly ArmFrames[], folder: string): ArmFrames {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  if (count === 0) {
    throw new Problem('no-frames', `There is nothing to train on in ${folder}: no frame passes the filters.`, {
      hint: 'Ranges name episodes by `<recording_folderpath>--<file_path>`: are they of this dataset?',
    });
  }
  return {
    count,
    states: concatenated(parts.map(({ states }) => states)),
    chunks: concatenated(parts.map(({ chunks }) => chunks)),
  };
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
