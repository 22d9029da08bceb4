import type { Vector } from './arm.ts';
import type { Canvas, Colour, PixelPosition } from './canvas.ts';

/** A camera without distortion. Axes of its picture in space: right, down, and forward, into the scene. */
export interface View {
  readonly eye: Vector;
  readonly right: Vector;
  readonly down: Vector;
  readonly forward: Vector;
  /** Focal length as a share of the picture's width. */
  readonly focal: number;
}

/** A convex flat piece of the scene. */
export interface Face {
  readonly corners: readonly Vector[];
  readonly colour: Colour;
}

/** Nothing nearer than this is seen, metres. */
const nearest = 0.02;

/** A view from `eye` to `target` with the horizon level. */
export function lookAt(eye: Vector, target: Vector, focal: number): View {
  const forward = unit(minus(target, eye));
  const right = unit(cross(forward, [0, 0, 1]));
  return { eye, forward, right, down: cross(forward, right), focal };
}

/** Paints faces as they come: what is in front has to come last. */
export function paintFaces(canvas: Canvas, view: View, faces: readonly Face[]): void {
  const scale = view.focal * canvas.width;
  for (const { corners, colour } of faces) {
    const seen = cutNear(corners.map((corner) => inView(view, corner)));
    if (seen.length < 3) continue;
    const points = seen.map(
      ([x, y, z]): PixelPosition => [canvas.width / 2 + (scale * x) / z, canvas.height / 2 + (scale * y) / z],
    );
    canvas.paint(points, colour);
  }
}

/** The farthest first, by their middles. */
export function farthestFirst({ eye }: View, faces: readonly Face[]): Face[] {
  const far = faces.map((face) => {
    const middle = face.corners.reduce<Vector>(([x, y, z], [dx, dy, dz]) => [x + dx, y + dy, z + dz], [0, 0, 0]);
    const away = minus(scaled(middle, 1 / face.corners.length), eye);
    return { face, distance: dot(away, away) };
  });
  return far.sort((a, b) => b.distance - a.distance).map(({ face }) => face);
}

function inView({ eye, right, down, forward }: View, point: Vector): Vector {
  const away = minus(point, eye);
  return [dot(away, right), dot(away, down), dot(away, forward)];
}

/** The part of a polygon in front of the lens. */
function cutNear(corners: readonly Vector[]): Vector[] {
  return corners.flatMap((corner, i) => {
    const next = corners[(i + 1) % corners.length] as Vector;
    const kept = corner[2] >= nearest ? [corner] : [];
    if (corner[2] >= nearest === next[2] >= nearest) return kept;
    const share = (nearest - corner[2]) / (next[2] - corner[2]);
    return [...kept, plus(corner, scaled(minus(next, corner), share))];
  });
}

export function plus([a, b, c]: Vector, [x, y, z]: Vector): Vector {
  return [a + x, b + y, c + z];
}

export function minus([a, b, c]: Vector, [x, y, z]: Vector): Vector {
  return [a - x, b - y, c - z];
}

export function scaled([x, y, z]: Vector, factor: number): Vector {
  return [x * factor, y * factor, z * factor];
}

export function dot([a, b, c]: Vector, [x, y, z]: Vector): number {
  return a * x + b * y + c * z;
}

export function cross([a, b, c]: Vector, [x, y, z]: Vector): Vector {
  return [b * z - c * y, c * x - a * z, a * y - b * x];
}

export function unit(vector: Vector): Vector {
  return scaled(vector, 1 / Math.sqrt(dot(vector, vector)));
}
