/**
 * The shapes of PushT. World: 512 x 512 units, x right, y down; angles in radians, positive is clockwise on screen.
 * Source: huggingface/gym-pusht, `gym_pusht/envs/pusht.py`.
 */
export const worldSize = 512;

/** Radius of the pusher's disc. */
export const pusherRadius = 15;

/** The tee about its own origin (middle of the bar's upper edge): bar corners 0..3, stem corners 4..7, [x0, y0, x1, ...]. */
export const teeCorners: readonly number[] = [-60, 0, 60, 0, 60, 30, -60, 30, -15, 30, 15, 30, 15, 120, -15, 120];

/** Both parts together; they share an edge only. */
export const teeArea = 6300;

/**
 * Centre of gravity of the tee on its own y axis (x is 0): the plain mean of its two parts' centres, as upstream has it,
 * where the mean by area would be 40.714.
 */
export const teeCogY = 45;

/** Upstream takes the bar's moment twice; with the stem's own moment the sum would be 7875. Mass is 1. */
export const teeInertia = 3000;

/** The tee's target pose [x, y, angle]; x and y are of the tee's origin. */
export const goalPose: readonly [number, number, number] = [256, 256, Math.PI / 4];

/** Walls as [x0, y0, x1, y1], line segments with `wallRadius` around them. They stop the tee, never the pusher. */
export const walls: readonly (readonly [number, number, number, number])[] = [
  [5, 506, 5, 5],
  [5, 5, 506, 5],
  [506, 5, 506, 506],
  [5, 506, 506, 506],
];
export const wallRadius = 2;

/** World positions of the tee's corners, [x0, y0, ..., x7, y7], at a pose of its origin, into `into`. */
export function placeTee(x: number, y: number, angle: number, into: Float64Array): Float64Array {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  for (let i = 0; i < 16; i += 2) {
    const u = teeCorners[i] as number;
    const v = teeCorners[i + 1] as number;
    into[i] = x + cos * u - sin * v;
    into[i + 1] = y + sin * u + cos * v;
  }
  return into;
}
