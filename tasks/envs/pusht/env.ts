import { coverageOf } from './coverage.ts';
import { placeTee, teeCogY } from './geometry.ts';
import { LegacyRandom } from './random.ts';
import { World } from './world.ts';

/** Env steps per second; one is ten physics sub-steps. */
export const fps = 10;
/** Coverage above which the task is solved, and by which the reward is scaled. */
export const successCoverage = 0.95;
const subSteps = 10;
const dt = 0.01;
/** PD gains of the pusher on its target, 1/s^2 and 1/s: critically damped. */
const kp = 100;
const kv = 20;

/** [pusher x, pusher y, tee x, tee y, tee angle]; world units, radians. */
export type PushTState = readonly [number, number, number, number, number];

/**
 * Where an episode starts: drawn from a seed as upstream draws it, or a state. In a `requested` state, as upstream's reset takes
 * it, the position is set before the angle, which then turns the tee about its centre of gravity and moves the origin; in an
 * `origin` state, as datasets store it, the position is the tee's true origin.
 *
 * `pusherVelocity` (units per second, default at rest) is for a state from the middle of an episode.
 */
export type PushTStart =
  | { readonly seed: number }
  | {
      readonly state: PushTState;
      readonly stateIs: 'requested' | 'origin';
      readonly pusherVelocity?: readonly [number, number];
    };

export interface PushTObservation {
  /** Pusher [x, y]. */
  readonly agent: readonly [number, number];
  /** Tee [x, y, angle]: its origin, and the angle in [0, 2 pi). */
  readonly blockPose: readonly [number, number, number];
  /** The tee's 8 corners in the world, [x0, y0, ..., x7, y7]; upstream's `environment_state`. A new array each time. */
  readonly keypoints: Float64Array;
}

export interface PushTStep {
  readonly observation: PushTObservation;
  /** coverage / 0.95, at most 1. */
  readonly reward: number;
  /** Share of the goal that the tee covers, in [0, 1]. */
  readonly coverage: number;
  /** coverage > 0.95. */
  readonly success: boolean;
  /** Contact points of the tee, summed over the ten sub-steps. */
  readonly contacts: number;
}

/**
 * PushT: push a T-shaped block onto its target with a disc. Same start and same actions give the same bytes. It has no time
 * limit; upstream's wrapper ends an episode after 300 steps.
 *
 * Follows huggingface/gym-pusht 0.1.5 on Chipmunk 7.0.3. The physics is our own and not a library's because where the tee
 * goes depends on details of Chipmunk's solver: the order of pairs, what ten sweeps leave over, what is remembered between
 * sub-steps. Replaying 206 recorded demonstrations, the tee ends 1e-5 units from where it was recorded (median; worst 0.002);
 * with Rapier 0.13 (worst 106), at a seventh of the speed. See `docs/pusht-physics.md`.
 */
export class PushT {
  readonly #world = new World();

  /** Starts an episode. Like upstream, the solver runs once, so that overlaps begin to ease. */
  reset(start: PushTStart): PushTObservation {
    const { state, stateIs, pusherVelocity } =
      'seed' in start ? { state: drawState(start.seed), stateIs: 'requested', pusherVelocity: undefined } : start;
    const [pusherX, pusherY, x, y, angle] = state;
    const [originX, originY] = stateIs === 'origin' ? [x, y] : originOf(x, y, angle);
    const [vx, vy] = pusherVelocity ?? [0, 0];
    this.#world.place({ x: pusherX, y: pusherY, vx, vy }, { x: originX, y: originY, angle });
    return this.observe();
  }

  /** One env step, 0.1 s, towards `target`, the pusher's wanted [x, y]; it is not clipped. */
  step(target: readonly [number, number]): PushTStep {
    const world = this.#world;
    let contacts = 0;
    for (let i = 0; i < subSteps; i += 1) {
      world.pusherVx += (kp * (target[0] - world.pusherX) + kv * (0 - world.pusherVx)) * dt;
      world.pusherVy += (kp * (target[1] - world.pusherY) + kv * (0 - world.pusherVy)) * dt;
      world.subStep();
      contacts += world.contactCount;
    }
    const observation = this.observe();
    const coverage = coverageOf(observation.keypoints);
    return {
      observation,
      reward: Math.min(coverage / successCoverage, 1),
      coverage,
      success: coverage > successCoverage,
      contacts,
    };
  }

  /** The pusher's [vx, vy], units per second; upstream's `vel_agent`. No policy sees it. */
  get pusherVelocity(): readonly [number, number] {
    return [this.#world.pusherVx, this.#world.pusherVy];
  }

  /** What a policy may see now. */
  observe(): PushTObservation {
    const { pusherX, pusherY, teeX, teeY, angle } = this.#world;
    return {
      agent: [pusherX, pusherY],
      blockPose: [teeX, teeY, modulo(angle, 2 * Math.PI)],
      keypoints: placeTee(teeX, teeY, angle, new Float64Array(16)),
    };
  }
}

/** The state that upstream's `reset(seed)` draws, in its order; the tee's position is `requested`, the angle not wrapped. */
export function drawState(seed: number): PushTState {
  const random = new LegacyRandom(seed);
  const pusherX = random.integer(50, 450);
  const pusherY = random.integer(50, 450);
  const x = random.integer(100, 400);
  const y = random.integer(100, 400);
  return [pusherX, pusherY, x, y, random.gaussian() * 2 * Math.PI - Math.PI];
}

/** The tee's origin after its position was set at angle 0 and it was then turned about its centre of gravity. */
function originOf(x: number, y: number, angle: number): [number, number] {
  return [x + teeCogY * Math.sin(angle), y + teeCogY - teeCogY * Math.cos(angle)];
}

function modulo(value: number, divisor: number): number {
  const rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}
