import { goalPose, placeTee, teeArea } from './geometry.ts';

const goal = placeTee(...goalPose, new Float64Array(16));

// A convex quadrilateral cut by four half planes has at most eight corners.
let polygon = new Float64Array(16);
let clipped = new Float64Array(16);

/**
 * Share of the goal's area that the tee covers, in [0, 1]. `corners`: the tee's 8 corners in world coordinates, [x0, y0, ...].
 *
 * The two parts of a tee share an edge only, so the sum over the four pairs of parts is the area of the intersection.
 */
export function coverageOf(corners: Float64Array): number {
  let area = 0;
  for (const part of [0, 8]) {
    for (const goalPart of [0, 8]) area += overlapArea(corners, part, goalPart);
  }
  return Math.min(1, area / teeArea);
}

/** Area of the part of the tee at `part` inside the part of the goal at `goalPart` (Sutherland and Hodgman's clipping). */
function overlapArea(corners: Float64Array, part: number, goalPart: number): number {
  let count = 4;
  for (let i = 0; i < 8; i += 1) polygon[i] = corners[part + i] as number;
  for (let edge = 0; edge < 4 && count > 0; edge += 1) {
    const a = goalPart + 2 * edge;
    const b = goalPart + 2 * ((edge + 1) % 4);
    count = clip(count, goal[a] as number, goal[a + 1] as number, goal[b] as number, goal[b + 1] as number);
    [polygon, clipped] = [clipped, polygon];
  }
  return areaOf(polygon, count);
}

/** Keeps of `polygon` what lies left of the line from a to b; writes `clipped`, returns its corner count. */
function clip(count: number, ax: number, ay: number, bx: number, by: number): number {
  let kept = 0;
  let px = polygon[2 * count - 2] as number;
  let py = polygon[2 * count - 1] as number;
  let pSide = (bx - ax) * (py - ay) - (by - ay) * (px - ax);
  for (let i = 0; i < count; i += 1) {
    const qx = polygon[2 * i] as number;
    const qy = polygon[2 * i + 1] as number;
    const qSide = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax);
    if (pSide >= 0 !== qSide >= 0) {
      const t = pSide / (pSide - qSide);
      clipped[2 * kept] = px + t * (qx - px);
      clipped[2 * kept + 1] = py + t * (qy - py);
      kept += 1;
    }
    if (qSide >= 0) {
      clipped[2 * kept] = qx;
      clipped[2 * kept + 1] = qy;
      kept += 1;
    }
    px = qx;
    py = qy;
    pSide = qSide;
  }
  return kept;
}

function areaOf(corners: Float64Array, count: number): number {
  let doubled = 0;
  for (let i = 0; i < count; i += 1) {
    const j = (i + 1) % count;
    const [x0, y0] = [corners[2 * i] as number, corners[2 * i + 1] as number];
    const [x1, y1] = [corners[2 * j] as number, corners[2 * j + 1] as number];
    doubled += x0 * y1 - x1 * y0;
  }
  return Math.max(0, doubled / 2);
}
