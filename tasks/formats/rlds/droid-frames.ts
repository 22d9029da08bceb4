import { Problem } from '../../../cache/problem.ts';
import { keptSteps, type RangesByEpisode } from '../idle-ranges.ts';
import { droid, episodeKey, isSuccess, jointCount, textOf } from './droid.ts';
import type { Episode } from './read.ts';

/** Which frames of DROID the policy is trained on, and what of them. */
export interface FrameRule {
  /** `joint-position`: commanded positions minus the frame's observed ones. `joint-velocity`: commanded velocities. */
  readonly actionSpace: ActionSpace;
  /** Actions in a chunk, one for each control step of 1/15 s. */
  readonly actionHorizon: number;
  readonly successOnly: boolean;
  /** Steps to train on; an episode that is missing there is left out. Without it, all are. */
  readonly ranges: RangesByEpisode | undefined;
}

export type ActionSpace = 'joint-position' | 'joint-velocity';

/** Frames of one episode, as the policy sees them before normalisation; float32, as openpi puts them on a device. */
export interface Frames {
  /** Steps in the episode. */
  readonly steps: readonly number[];
  /** [frames, 8]: observed joint and gripper positions. */
  readonly states: Float32Array;
  /** [frames, horizon, 8]: joints, then the commanded gripper position, which is absolute. */
  readonly actions: Float32Array;
}

/** Joints and gripper, of states and actions. */
export const width = jointCount + 1;

const noFrames: Frames = { steps: [], states: new Float32Array(), actions: new Float32Array() };

/** What must be read for `framesOf`. */
export function featuresFor(actionSpace: ActionSpace): string[] {
  const joints = actionSpace === 'joint-position' ? droid.commandedJointPosition : droid.commandedJointVelocity;
  const { filePath, recordingFolder, jointPosition, gripperPosition, commandedGripperPosition } = droid;
  return [jointPosition, gripperPosition, joints, commandedGripperPosition, filePath, recordingFolder];
}

/**
 * The frames of an episode that pass the filters, in order.
 *
 * A chunk starts at its frame and repeats the last action past the episode's end; chunks are cut before frames are
 * dropped, so they reach into dropped ones. Deltas are taken in float64 from the state of the chunk's first frame, joints
 * only (src/openpi/training/droid_rlds_dataset.py and src/openpi/transforms.py of openpi).
 */
export function framesOf(episode: Episode, rule: FrameRule): Frames {
  if (rule.successOnly && !isSuccess(textOf(episode, droid.filePath))) return noFrames;
  const steps = stepsOf(episode, rule.ranges);
  if (steps.length === 0) return noFrames;

  const { actionSpace, actionHorizon } = rule;
  const isDelta = actionSpace === 'joint-position';
  const joints = isDelta ? droid.commandedJointPosition : droid.commandedJointVelocity;
  const observed = rowsOf(episode, droid.jointPosition, droid.gripperPosition);
  // The last action again and again, so that every chunk is one piece of the list.
  const commanded = rowsOf(episode, joints, droid.commandedGripperPosition, actionHorizon - 1);
  const states = new Float32Array(steps.length * width);
  const actions = new Float32Array(steps.length * actionHorizon * width);
  for (const [frame, t] of steps.entries()) {
    const state = observed.subarray(t * width, (t + 1) * width);
    const chunk = commanded.subarray(t * width, (t + actionHorizon) * width);
    states.set(state, frame * width);
    actions.set(chunk, frame * chunk.length);
    if (isDelta) subtractJoints(actions, frame * chunk.length, (frame + 1) * chunk.length, state);
  }
  return { steps, states, actions };
}

/** [steps + repeats, 8]: joints and gripper of each step, the last row once more for each of `repeats`. */
function rowsOf(episode: Episode, jointsName: string, gripperName: string, repeats = 0): Float32Array {
  const [joints, gripper] = [valuesOf(episode, jointsName), valuesOf(episode, gripperName)];
  const rows = new Float32Array((episode.steps + repeats) * width);
  for (let row = 0; row < episode.steps + repeats; row += 1) {
    const t = Math.min(row, episode.steps - 1);
    for (let joint = 0; joint < jointCount; joint += 1) {
      rows[row * width + joint] = joints[t * jointCount + joint] as number;
    }
    rows[row * width + jointCount] = gripper[t] as number;
  }
  return rows;
}

/** The gripper stays as it is. */
function subtractJoints(actions: Float32Array, start: number, end: number, state: Float32Array): void {
  for (let row = start; row < end; row += width) {
    for (let joint = 0; joint < jointCount; joint += 1) {
      actions[row + joint] = (actions[row + joint] as number) - (state[joint] as number);
    }
  }
}

/** The frames, or none of an episode that cannot be used: `onSkip` is told why. Without `onSkip` it throws. */
export function usableFramesOf(episode: Episode, rule: FrameRule, onSkip?: (problem: Problem) => void): Frames {
  try {
    return framesOf(episode, rule);
  } catch (error) {
    if (!onSkip || !Problem.is(error)) throw error;
    onSkip(error);
    return noFrames;
  }
}

function stepsOf(episode: Episode, ranges: RangesByEpisode | undefined): number[] {
  if (ranges === undefined) return Array.from({ length: episode.steps }, (_, t) => t);
  const kept = keptSteps(ranges.get(episodeKey(episode)), episode.steps);
  const steps: number[] = [];
  for (let t = 0; t < kept.length; t += 1) if (kept[t] === 1) steps.push(t);
  return steps;
}

/** Refuses what statistics cannot hold, naming the record. */
function valuesOf(episode: Episode, name: string): Float32Array {
  const values = episode.floats[name] ?? new Float32Array();
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return values;
  const { record, shard, offset } = episode;
  throw new Problem(
    'value-not-finite',
    `Record ${record} of ${shard}, from byte ${offset}: value ${wrong} of "${name}" is ${values[wrong]}.`,
    { hint: 'Leave the episode out, for example by giving ranges without it.' },
  );
}
