import type { Random } from '../../models/random.ts';
import { type ArmPose, armAt, cartesianOf, fingerLength, placed, type Pose, type Vector } from './arm.ts';
import { noise } from './draws.ts';
import { type EpisodeFacts, factsOf, randomFor } from './facts.ts';
import { type Act, blockSize, type Story, storyOf } from './story.ts';

/** What was measured and commanded, row-major, one row for each of `steps`; names and units of DROID. */
export interface EpisodeColumns {
  /** [steps, 7] rad. */
  readonly jointPosition: Float64Array;
  /** [steps, 7] rad/s. */
  readonly jointVelocity: Float64Array;
  /** [steps] from 0 (open) to 1 (closed). */
  readonly gripperPosition: Float64Array;
  /** [steps, 6] metres and rad. */
  readonly cartesianPosition: Float64Array;
  readonly commandedJointPosition: Float64Array;
  /** [steps, 7] as a share of the largest, in [-1, 1]. */
  readonly commandedJointVelocity: Float64Array;
  readonly commandedGripperPosition: Float64Array;
  /** [steps] as a share of the largest. */
  readonly commandedGripperVelocity: Float64Array;
  readonly commandedCartesianPosition: Float64Array;
  /** [steps, 6] as a share of the largest. */
  readonly commandedCartesianVelocity: Float64Array;
}

/** What a camera sees at one step. */
export interface Moment {
  readonly arm: ArmPose;
  /** From 0 (open) to 1 (closed). */
  readonly gripper: number;
  readonly block: Pose;
  /** Nothing has moved since the step before. */
  readonly unchanged: boolean;
}

export interface SampleEpisode {
  readonly index: number;
  readonly facts: EpisodeFacts;
  readonly story: Story;
  /** The block lies on its receptacle at the end. */
  readonly success: boolean;
  readonly steps: number;
  readonly columns: EpisodeColumns;
  readonly moments: readonly Moment[];
  /** 1 where the operator commanded nothing. */
  readonly paused: Uint8Array;
}

/** Of DROID's controller: what a command of 1 moves in a step of 1/15 s (joints rad, gripper share, metres, rad). */
const largest = { joint: 0.2, gripper: 0.25, metres: 0.075, angle: 0.15 };
const stepsPerSecond = 15;
/** Share of a commanded motion that is done a step later. */
const following = 0.85;
/** Where fingers stop at a block. */
const heldAt = 0.5;

/** Episode `index` of a sample. The same seed and mean give the same episode, in whatever form it is written. */
export function simulate({
  seed,
  meanSteps,
  index,
}: {
  seed: number;
  meanSteps: number;
  index: number;
}): SampleEpisode {
  const story = storyOf(randomFor(seed, index, 'story'), meanSteps);
  const references = referencesOf(story);
  const recorder = new Recorder(references.length);
  const world = new World(story, randomFor(seed, index, 'motion'));
  for (const [t, { act, joints }] of references.entries()) world.step(t, act, joints, recorder);
  return {
    index,
    facts: factsOf(seed, index),
    story,
    success: world.isOnReceptacle(),
    steps: references.length,
    ...recorder,
  };
}

interface Reference {
  readonly act: Act;
  /** Where the arm should be a step later, [7]. */
  readonly joints: readonly number[];
}

/** Moves of least jerk from stop to stop. */
function referencesOf({ start, acts }: Story): Reference[] {
  let from = start;
  return acts.flatMap((act) => {
    const begin = from;
    from = act.goal;
    return Array.from({ length: act.steps }, (_, i) => {
      const time = (i + 1) / act.steps;
      const done = time * time * time * (10 + time * (6 * time - 15));
      return { act, joints: begin.map((angle, joint) => angle + done * ((act.goal[joint] as number) - angle)) };
    });
  });
}

class Recorder {
  readonly moments: Moment[] = [];
  readonly paused: Uint8Array;
  readonly columns: EpisodeColumns;

  constructor(steps: number) {
    const rows = (width: number): Float64Array => new Float64Array(steps * width);
    this.paused = new Uint8Array(steps);
    this.columns = {
      jointPosition: rows(7),
      jointVelocity: rows(7),
      gripperPosition: rows(1),
      cartesianPosition: rows(6),
      commandedJointPosition: rows(7),
      commandedJointVelocity: rows(7),
      commandedGripperPosition: rows(1),
      commandedGripperVelocity: rows(1),
      commandedCartesianPosition: rows(6),
      commandedCartesianVelocity: rows(6),
    };
  }

  write(t: number, rows: Readonly<Record<keyof EpisodeColumns, readonly number[]>>): void {
    for (const [name, row] of Object.entries(rows)) this.columns[name as keyof EpisodeColumns].set(row, t * row.length);
  }
}

/** Arm, fingers and block, as they follow commands. */
class World {
  private readonly random: Random;
  private readonly receptacle: Vector;
  private joints: number[];
  private velocity: number[] = [0, 0, 0, 0, 0, 0, 0];
  private gripper = 0;
  private block: Pose;
  /** The block as the flange sees it, while it is held. */
  private held: Vector | undefined;
  private previous: string | undefined;

  constructor({ start, block, receptacle }: Story, random: Random) {
    this.random = random;
    this.receptacle = receptacle;
    this.joints = [...start];
    this.block = {
      axes: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      origin: block,
    };
  }

  step(t: number, act: Act, target: readonly number[], recorder: Recorder): void {
    const { joints, gripper } = this;
    const arm = armAt(joints);
    this.carry(arm);
    const state = [...joints, gripper, ...this.block.origin].join();
    recorder.moments.push({ arm, gripper, block: this.block, unchanged: state === this.previous });
    this.previous = state;

    const isPaused = act.kind === 'pause';
    const velocity = isPaused ? joints.map(() => 0) : this.commandTo(target);
    const gripperVelocity = isPaused ? 0 : clipped(3 * (Number(act.closed) - gripper), 1);
    const command = joints.map((angle, i) => angle + largest.joint * (velocity[i] as number));
    const gripperCommand = Math.min(1, Math.max(0, gripper + largest.gripper * gripperVelocity));
    const [now, then] = [cartesianOf(arm.flange), cartesianOf(armAt(command).flange)];
    recorder.paused[t] = isPaused ? 1 : 0;
    recorder.write(t, {
      jointPosition: joints,
      jointVelocity: this.velocity,
      gripperPosition: [gripper],
      cartesianPosition: now,
      commandedJointPosition: command,
      commandedJointVelocity: velocity,
      commandedGripperPosition: [gripperCommand],
      commandedGripperVelocity: [gripperVelocity],
      commandedCartesianPosition: then,
      commandedCartesianVelocity: isPaused ? now.map(() => 0) : cartesianVelocity(now, then),
    });
    this.follow(command, gripperCommand, act.closed);
  }

  isOnReceptacle(): boolean {
    const [x, y, z] = this.block.origin;
    return (
      this.held === undefined &&
      z < blockSize &&
      Math.abs(x - this.receptacle[0]) < 0.05 &&
      Math.abs(y - this.receptacle[1]) < 0.05
    );
  }

  /** Velocities are those of all joints at once, so a joint that is too fast slows all. */
  private commandTo(target: readonly number[]): number[] {
    const wanted = target.map(
      (angle, i) => (angle - (this.joints[i] as number)) / largest.joint + 0.012 * noise(this.random),
    );
    const fastest = Math.max(1, ...wanted.map(Math.abs));
    return wanted.map((velocity) => velocity / fastest);
  }

  private follow(command: readonly number[], gripperCommand: number, closed: boolean): void {
    const next = this.joints.map((angle, i) => angle + following * ((command[i] as number) - angle));
    this.velocity = next.map((angle, i) => (angle - (this.joints[i] as number)) * stepsPerSecond);
    this.joints = next;
    const canHold = closed && (this.held !== undefined || this.isBetweenFingers());
    this.gripper = canHold ? Math.min(gripperCommand, heldAt) : gripperCommand;
    if (this.held === undefined && canHold && this.gripper >= heldAt) this.grasp();
    if (this.held !== undefined && !closed && this.gripper < heldAt) this.release();
  }

  private isBetweenFingers(): boolean {
    const tip = placed(armAt(this.joints).flange, [0, 0, fingerLength]);
    return tip.every((value, axis) => Math.abs(value - (this.block.origin[axis] as number)) < 0.02);
  }

  private grasp(): void {
    this.held = [0, 0, fingerLength];
  }

  /** It falls straight down and lies flat. */
  private release(): void {
    this.held = undefined;
    const [x, y] = this.block.origin;
    this.block = { axes: this.block.axes, origin: [x, y, blockSize / 2] };
  }

  private carry({ flange }: ArmPose): void {
    if (this.held === undefined) return;
    const [x, y] = flange.axes;
    // The hand points down about, so the block stays upright to the eye.
    this.block = { axes: [x, [-y[0], -y[1], -y[2]], [0, 0, 1]], origin: placed(flange, this.held) };
  }
}

function cartesianVelocity(now: readonly number[], then: readonly number[]): number[] {
  return then.map((value, i) => {
    const change = value - (now[i] as number);
    if (i < 3) return clipped(change / largest.metres, 1);
    const turned = change - 2 * Math.PI * Math.round(change / (2 * Math.PI));
    return clipped(turned / largest.angle, 1);
  });
}

function clipped(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, value));
}
