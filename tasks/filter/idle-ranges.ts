import type { Range } from '../formats/idle-ranges.ts';

/** The rule by which openpi drops idle frames of DROID; its values are the defaults of `filterIdleFrames`. */
export interface IdleRule {
  /** A step is idle when no joint's commanded velocity changed by this or more since the step before, rad/s. */
  readonly idleThreshold: number;
  /** Idle runs of this many steps or more are cut. */
  readonly minIdleSteps: number;
  /** Kept runs of fewer steps are dropped. */
  readonly minKeptSteps: number;
  /** Steps cut from the end of each range that is left, at the end of the episode too. */
  readonly trimSteps: number;
}

/**
 * The steps of one episode that are worth training on.
 *
 * `velocities`: [steps, joints], row by row. Idle means that the *command* does not change, not that it is zero; the
 * first step is never idle. Differences are taken in float64 (examples/droid/compute_droid_nonidle_ranges.py of openpi).
 */
export function idleFilterRanges(velocities: ArrayLike<number>, joints: number, rule: IdleRule): Range[] {
  const idle = idleSteps(velocities, joints, rule.idleThreshold);
  const kept = new Uint8Array(idle.length).fill(1);
  for (const [start, end] of runs(idle, rule.minIdleSteps)) kept.fill(0, start, end);
  return runs(kept, rule.minKeptSteps).map(([start, end]) => [start, end - rule.trimSteps]);
}

function idleSteps(velocities: ArrayLike<number>, joints: number, threshold: number): Uint8Array {
  const steps = Math.floor(velocities.length / joints);
  const idle = new Uint8Array(steps);
  for (let t = 1; t < steps; t += 1) {
    let moved = false;
    for (let joint = 0; joint < joints && !moved; joint += 1) {
      const at = t * joints + joint;
      moved = !(Math.abs((velocities[at] as number) - (velocities[at - joints] as number)) < threshold);
    }
    idle[t] = moved ? 0 : 1;
  }
  return idle;
}

/** Maximal runs of ones that are at least `least` long. */
function runs(flags: Uint8Array, least: number): Range[] {
  const ranges: Range[] = [];
  let start = -1;
  for (let t = 0; t <= flags.length; t += 1) {
    if (flags[t] === 1) {
      if (start < 0) start = t;
    } else if (start >= 0) {
      if (t - start >= least) ranges.push([start, t]);
      start = -1;
    }
  }
  return ranges;
}
