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

  const isDelta = rule.actionSpace === 'joint-position';
  const joints = valuesOf(episode, droid.jointPosition);
  const gripper = valuesOf(episode, droid.gripperPosition);
  const commands = valuesOf(episode, isDelta ? droid.commandedJointPosition : droid.commandedJointVelocity);
  const commandedGripper = valuesOf(episode, droid.commandedGripperPosition);
  const states = new Float32Array(steps.length * width);
  const actions = new Float32Array(steps.length * rule.actionHorizon * width);
  let at = 0;
  for (let frame = 0; frame < steps.length; frame += 1) {
    const t = steps[frame] as number;
    states.set(joints.subarray(t * jointCount, (t + 1) * jointCount), frame * width);
    states[frame * width + jointCount] = gripper[t] as number;
    for (let h = 0; h < rule.actionHorizon; h += 1) {
      const then = Math.min(t + h, episode.steps - 1);
      for (let joint = 0; joint < jointCount; joint += 1) {
        const command = commands[then * jointCount + joint] as number;
        actions[at + joint] = isDelta ? command - (joints[t * jointCount + joint] as number) : command;
      }
      actions[at + jointCount] = commandedGripper[then] as number;
      at += width;
    }
  }
  return { steps, states, actions };
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
