import type { Touch } from './contact.ts';
import { pusherRadius, wallRadius, walls } from './geometry.ts';

/** A part of the tee in the world: 4 corners [x0, y0, ...]; normal i points out of the edge that ends in corner i. */
export interface Part {
  readonly corners: Float64Array;
  readonly normals: Float64Array;
}

/** Keeps a division by an edge seen end-on finite. */
const smallestNormal = 2.2250738585072014e-308;

// The nearest edge of the difference of two shapes, as `consider` keeps it.
let best = 0;
let inside = true;
let nx = 0;
let ny = 0;
/** Along the nearest edge, in [0, 1]; 0 and 1 are its ends. */
let along = 0;
let edge = 0;

/**
 * Contact points of the pusher at (x, y) and a part of the tee, into `touch`, absolute. Leaves the normal in `touch` too.
 *
 * Chipmunk finds the nearest features by walking the difference of both shapes (GJK, EPA); with four edges it is
 * as exact to look at them all.
 */
export function collidePusher(x: number, y: number, part: Part, touch: Touch): void {
  const { corners, normals } = part;
  touch.count = 0;
  start();
  for (let i = 0; i < 4; i += 1) {
    const h = (i + 3) & 3;
    const ax = (corners[2 * h] as number) - x;
    const ay = (corners[2 * h + 1] as number) - y;
    const bx = (corners[2 * i] as number) - x;
    const by = (corners[2 * i + 1] as number) - y;
    consider(i, ax, ay, bx, by, normals[2 * i] as number, normals[2 * i + 1] as number);
  }
  if (best > pusherRadius) return;
  const h = (edge + 3) & 3;
  const contact = touch.contacts[0];
  touch.count = 1;
  touch.nx = nx;
  touch.ny = ny;
  contact.feature = 0;
  contact.r1x = x + nx * pusherRadius;
  contact.r1y = y + ny * pusherRadius;
  contact.r2x = (corners[2 * h] as number) * (1 - along) + (corners[2 * edge] as number) * along;
  contact.r2y = (corners[2 * h + 1] as number) * (1 - along) + (corners[2 * edge + 1] as number) * along;
}

/** The same for a wall: up to two contact points, the ends of where the two facing edges overlap. */
export function collideWall(part: Part, touch: Touch): void {
  const { corners, normals } = part;
  const [ax, ay, bx, by] = walls[touch.wall] as (typeof walls)[number];
  const length = Math.sqrt((bx - ax) * (bx - ax) + (by - ay) * (by - ay));
  const mx = (by - ay) / length;
  const my = -(bx - ax) / length;
  touch.count = 0;
  start();
  for (let i = 0; i < 4; i += 1) {
    const h = (i + 3) & 3;
    const ex = normals[2 * i] as number;
    const ey = normals[2 * i + 1] as number;
    const useA = ax * ex + ay * ey < bx * ex + by * ey;
    const wx = useA ? ax : bx;
    const wy = useA ? ay : by;
    consider(
      i,
      (corners[2 * h] as number) - wx,
      (corners[2 * h + 1] as number) - wy,
      (corners[2 * i] as number) - wx,
      (corners[2 * i + 1] as number) - wy,
      ex,
      ey,
    );
  }
  for (const sign of [1, -1]) {
    const i = support(corners, sign * mx, sign * my);
    const px = corners[2 * i] as number;
    const py = corners[2 * i + 1] as number;
    consider(4, px - ax, py - ay, px - bx, py - by, sign * mx, sign * my);
  }
  if (best > wallRadius) return;
  touch.nx = nx;
  touch.ny = ny;
  clipEdges(part, touch, mx * nx + my * ny > 0);
}

function start(): void {
  best = Number.POSITIVE_INFINITY;
  inside = true;
  edge = -1;
}

/**
 * Weighs one edge a-b of the difference polygon, outward normal (ex, ey), against the origin. The origin inside means overlap:
 * the shallowest edge wins, `best` is minus the depth; outside, the nearest point wins, `best` is its distance.
 */
function consider(index: number, ax: number, ay: number, bx: number, by: number, ex: number, ey: number): void {
  const depth = ax * ex + ay * ey;
  if (depth >= 0 && !inside) return;
  const dx = bx - ax;
  const dy = by - ay;
  const t = Math.min(1, Math.max(0, -(ax * dx + ay * dy) / (dx * dx + dy * dy)));
  if (depth >= 0) {
    if (edge >= 0 && -depth <= best) return;
    best = -depth;
    nx = -ex;
    ny = -ey;
  } else {
    const px = ax + dx * t;
    const py = ay + dy * t;
    const distance = t > 0 && t < 1 ? -depth : Math.sqrt(px * px + py * py);
    if (!inside && distance >= best) return;
    inside = false;
    best = distance;
    nx = t > 0 && t < 1 ? -ex : px / distance;
    ny = t > 0 && t < 1 ? -ey : py / distance;
  }
  edge = index;
  along = t;
}

/** Index of the corner that is farthest along a direction. */
function support(corners: Float64Array, dx: number, dy: number): number {
  let farthest = Number.NEGATIVE_INFINITY;
  let index = 0;
  for (let i = 0; i < 4; i += 1) {
    const reach = (corners[2 * i] as number) * dx + (corners[2 * i + 1] as number) * dy;
    if (reach <= farthest) continue;
    farthest = reach;
    index = i;
  }
  return index;
}

/** Projects the ends of the two facing edges onto each other; pairs that overlap along the normal become contacts. */
function clipEdges(part: Part, touch: Touch, forward: boolean): void {
  const { corners, normals } = part;
  const [wax, way, wbx, wby] = walls[touch.wall] as (typeof walls)[number];
  const [a1x, a1y, b1x, b1y] = forward ? [wax, way, wbx, wby] : [wbx, wby, wax, way];

  const corner = support(corners, -nx, -ny);
  const next = (corner + 1) & 3;
  const facing = -(nx * (normals[2 * corner] as number) + ny * (normals[2 * corner + 1] as number));
  const facingNext = -(nx * (normals[2 * next] as number) + ny * (normals[2 * next + 1] as number));
  const a2 = facing > facingNext ? (corner + 3) & 3 : corner;
  const b2 = facing > facingNext ? corner : next;
  const a2x = corners[2 * a2] as number;
  const a2y = corners[2 * a2 + 1] as number;
  const b2x = corners[2 * b2] as number;
  const b2y = corners[2 * b2 + 1] as number;

  const a1 = a1x * ny - a1y * nx;
  const b1 = b1x * ny - b1y * nx;
  const a2along = a2x * ny - a2y * nx;
  const b2along = b2x * ny - b2y * nx;
  const scale1 = 1 / (b1 - a1 + smallestNormal);
  const scale2 = 1 / (b2along - a2along + smallestNormal);
  const wallFirst = forward ? 0 : 4;
  for (let k = 0; k < 2; k += 1) {
    const t1 = Math.min(1, Math.max(0, ((k === 0 ? b2along : a2along) - a1) * scale1));
    const t2 = Math.min(1, Math.max(0, ((k === 0 ? a1 : b1) - a2along) * scale2));
    const x1 = nx * wallRadius + a1x * (1 - t1) + b1x * t1;
    const y1 = ny * wallRadius + a1y * (1 - t1) + b1y * t1;
    const x2 = a2x * (1 - t2) + b2x * t2;
    const y2 = a2y * (1 - t2) + b2y * t2;
    if ((x2 - x1) * nx + (y2 - y1) * ny > 0) continue;
    const contact = touch.contacts[touch.count] as Touch['contacts'][0];
    touch.count += 1;
    // The wall's end and the part's corner that make this point, so that it is known again.
    contact.feature = k === 0 ? wallFirst + b2 : 4 - wallFirst + a2;
    contact.r1x = x1;
    contact.r1y = y1;
    contact.r2x = x2;
    contact.r2y = y2;
  }
}
