/** The goal's own axis of symmetry is the falling diagonal's normal: x + y = 512 in world units. */
const sideSum = 512;

/** The corner that each corner of the tee becomes in a mirror: its left and right change places. */
const cornerOf = [1, 0, 3, 2, 5, 4, 7, 6];

/**
 * The mirror image of points [x, y], [..., 2], about the goal's axis of symmetry, x + y = 512: the tee on its goal is its own
 * image, and so is the world, but for half a unit at the walls.
 */
export function mirrorPoints(points: Float32Array): Float32Array {
  const image = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    image[i] = sideSum - (points[i + 1] as number);
    image[i + 1] = sideSum - (points[i] as number);
  }
  return image;
}

/** The mirror image of the tee's corners, [frames, 8, 2]; corners are named again as the tee names them. */
export function mirrorCorners(corners: Float32Array): Float32Array {
  const moved = mirrorPoints(corners);
  const image = new Float32Array(corners.length);
  for (let frame = 0; frame < corners.length; frame += 16) {
    cornerOf.forEach((from, to) => image.set(moved.subarray(frame + 2 * from, frame + 2 * from + 2), frame + 2 * to));
  }
  return image;
}
