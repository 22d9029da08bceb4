import { z } from 'zod';

/** Numbers of one observation: pusher x, y, then the tee's 8 corners, in world units. */
export const observationWidth = 18;
export const actionWidth = 2;

const Limits = (width: number) =>
  z.object({ min: z.array(z.number()).length(width), max: z.array(z.number()).length(width) });

/** How numbers of the world become numbers for the network. */
export const Normalisation = z.object({
  /** Ranges that are mapped to [-1, 1]. */
  observation: Limits(observationWidth),
  /** Ranges that actions are kept in. */
  action: Limits(actionWidth),
  /** [horizon], world units: what the way from the pusher to the action at each place of a chunk is divided by. */
  actionScale: z.array(z.number().positive()),
});
export type Normalisation = z.output<typeof Normalisation>;

/** Half the length of the tee's bar, world units: the unit of its own frame. */
const halfBar = 60;
/** Frequencies at which the pusher's place in the tee's frame is also given: a network alone is slow to learn sharp edges. */
const frequencies = [1, 2, 4];
/** Where the tee is to go: its origin, world units, and the direction of its bar; from gym-pusht 0.1.5. */
const goal = { x: 256, y: 256, cos: Math.SQRT1_2, sin: Math.SQRT1_2 };
/** How close to the goal the tee's errors are resolved, world units: the whole table, and the last touches. */
const closeness = [64, 8];
const teeFrameWidth = 2 + 2 + 4 * frequencies.length + 3 * closeness.length;

/** What the network sees of `obsSteps` observations. */
export function featureWidth(obsSteps: number): number {
  return obsSteps * observationWidth + teeFrameWidth;
}

/**
 * Writes the features of one sample: all observations mapped to [-1, 1], then, of the newest, the tee's direction, its way
 * from the goal, and the pusher's place in the tee's own frame. `observations` is [obsSteps, 18] from `from` on, the newest last.
 */
export function writeFeatures(
  observations: Float32Array,
  from: number,
  { obsSteps, limits }: { obsSteps: number; limits: Normalisation['observation'] },
  into: Float32Array,
  at: number,
): void {
  let next = at;
  for (let i = 0; i < obsSteps * observationWidth; i += 1, next += 1) {
    const dimension = i % observationWidth;
    into[next] = toUnit(
      observations[from + i] as number,
      limits.min[dimension] as number,
      limits.max[dimension] as number,
    );
  }
  const newest = from + (obsSteps - 1) * observationWidth;
  const read = (i: number): number => observations[newest + i] as number;
  // Corners 0 and 1 are the ends of the bar's outer edge; the tee's origin lies between them.
  const [cos, sin] = [(read(4) - read(2)) / (2 * halfBar), (read(5) - read(3)) / (2 * halfBar)];
  const [x, y] = [read(0) - (read(2) + read(4)) / 2, read(1) - (read(3) + read(5)) / 2];
  const far = [
    (read(2) + read(4)) / 2 - goal.x,
    (read(3) + read(5)) / 2 - goal.y,
    halfBar * (sin * goal.cos - cos * goal.sin),
  ];
  const pusherInTee = [(x * cos + y * sin) / halfBar, (y * cos - x * sin) / halfBar];
  into[next] = cos;
  into[next + 1] = sin;
  next += 2;
  for (const error of far) {
    for (const unit of closeness) {
      into[next] = Math.tanh(error / unit);
      next += 1;
    }
  }
  for (const value of pusherInTee) {
    into[next] = value / 3;
    next += 1;
    for (const frequency of frequencies) {
      into[next] = Math.sin(Math.PI * frequency * value);
      into[next + 1] = Math.cos(Math.PI * frequency * value);
      next += 2;
    }
  }
}

function toUnit(value: number, min: number, max: number): number {
  return max > min ? (2 * (value - min)) / (max - min) - 1 : 0;
}
