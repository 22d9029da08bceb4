import { coverageOf } from './coverage.ts';
import { PushT, type PushTObservation, type PushTStart, type PushTState } from './env.ts';
import { placeTee } from './geometry.ts';

/** One recorded demonstration. `state[t]` was read just before `action[t]` was applied. */
export interface Recording {
  /** Row-major [frames, 5]: pusher x, y, tee x, y (its true origin), tee angle. */
  readonly states: Float32Array;
  /** Row-major [frames, 2]: the pusher's target. */
  readonly actions: Float32Array;
}

/** How far the tee is from where it was recorded. */
export interface TeeError {
  /** World units. */
  readonly position: number;
  /** Radians, in [0, pi]. */
  readonly angle: number;
  /** Difference of the coverages, in [0, 1]. */
  readonly coverage: number;
  /** Of the pusher, world units. */
  readonly pusher: number;
}

/** The recorded actions played from one start without correction: the error at frames 1, 2, …, in order. */
export function freeRun(recording: Recording, start: PushTStart = startOf(recording)): TeeError[] {
  const env = new PushT();
  env.reset(start);
  return frames(recording).map((t) => {
    const { observation } = env.step(action(recording, t));
    return errorOf(observation, state(recording, t + 1));
  });
}

/**
 * Each recorded action played from the recorded state before it: the error one frame later.
 *
 * The pusher's velocity is not recorded; it comes from a free run beside. The impulses that the solver remembers are not
 * recorded either and are lost, so in contact these errors are larger than those of a free run.
 */
export function oneStep(recording: Recording): TeeError[] {
  const env = new PushT();
  const beside = new PushT();
  beside.reset(startOf(recording));
  return frames(recording).map((t) => {
    env.reset({ state: state(recording, t), stateIs: 'origin', pusherVelocity: beside.pusherVelocity });
    beside.step(action(recording, t));
    return errorOf(env.step(action(recording, t)).observation, state(recording, t + 1));
  });
}

/** The recorded first state. */
function startOf(recording: Recording): PushTStart {
  return { state: state(recording, 0), stateIs: 'origin' };
}

/** How far an observation is from a recorded state. */
function errorOf({ agent, blockPose, keypoints }: PushTObservation, recorded: PushTState): TeeError {
  const [agentX, agentY, x, y, angle] = recorded;
  const turn = blockPose[2] - angle;
  const expected = coverageOf(placeTee(x, y, angle, new Float64Array(16)));
  return {
    position: Math.hypot(blockPose[0] - x, blockPose[1] - y),
    angle: Math.abs(Math.atan2(Math.sin(turn), Math.cos(turn))),
    coverage: Math.abs(coverageOf(keypoints) - expected),
    pusher: Math.hypot(agent[0] - agentX, agent[1] - agentY),
  };
}

/** Indices of the frames that have a successor. */
function frames({ actions }: Recording): number[] {
  return Array.from({ length: actions.length / 2 - 1 }, (_, t) => t);
}

function action({ actions }: Recording, t: number): [number, number] {
  return [actions[2 * t] as number, actions[2 * t + 1] as number];
}

function state({ states }: Recording, t: number): PushTState {
  return [...states.subarray(5 * t, 5 * t + 5)] as unknown as PushTState;
}
