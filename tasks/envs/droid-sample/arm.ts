import { arcCosine, cosine, direction, sine } from './trigonometry.ts';

export type Vector = readonly [number, number, number];

/** Where a thing is: its axes as columns [x, y, z], and its origin in metres; the robot's base is the origin of all. */
export interface Pose {
  readonly axes: readonly [Vector, Vector, Vector];
  readonly origin: Vector;
}

/** Lengths of a Franka Panda, metres, in the frames of Craig: link length, offset, twist, of each joint. */
const links = [
  { length: 0, offset: 0.333, twist: 0 },
  { length: 0, offset: 0, twist: -1 },
  { length: 0, offset: 0.316, twist: 1 },
  { length: 0.0825, offset: 0, twist: 1 },
  { length: -0.0825, offset: 0.384, twist: -1 },
  { length: 0, offset: 0, twist: 1 },
  { length: 0.088, offset: 0, twist: 1 },
] as const;
const [shoulderHeight, upperLength, foreLength, elbowOffset, wristOffset] = [0.333, 0.316, 0.384, 0.0825, 0.088];
const flangeLength = 0.107;

/** From the flange, where DROID measures poses, to between the finger tips, metres. */
export const fingerLength = 0.1034;

/** At rest, radians; the hand points down. */
export const home = [0, -Math.PI / 5, 0, (-4 * Math.PI) / 5, 0, (3 * Math.PI) / 5, 0] as const;

/** Origins of the base and of all joints, then the flange. */
export interface ArmPose {
  readonly joints: readonly Vector[];
  readonly flange: Pose;
}

/** Where the arm is at the joint angles `q` [7], radians. */
export function armAt(q: ArrayLike<number>): ArmPose {
  let pose: Pose = {
    axes: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    origin: [0, 0, 0],
  };
  const joints: Vector[] = [pose.origin];
  for (const [i, { length, offset, twist }] of links.entries()) {
    const angle = q[i] as number;
    const [c, s] = [cosine(angle), sine(angle)];
    const inParent: Pose = {
      axes:
        twist === 0
          ? [
              [c, s, 0],
              [-s, c, 0],
              [0, 0, 1],
            ]
          : [
              [c, 0, twist * s],
              [-s, 0, twist * c],
              [0, -twist, 0],
            ],
      origin: twist === 0 ? [length, 0, offset] : [length, -offset * twist, 0],
    };
    pose = within(pose, inParent);
    joints.push(pose.origin);
  }
  return { joints, flange: { axes: pose.axes, origin: placed(pose, [0, 0, flangeLength]) } };
}

/**
 * Joint angles [7] for finger tips at a place, the hand pointing down and turned by `turn` in its last joint.
 *
 * The arm bends in one vertical plane, its third and fifth joints at 0. Places are on or above the table, within reach.
 */
export function jointsFor([x, y, z]: Vector, turn: number): number[] {
  const out = Math.sqrt(x * x + y * y) - wristOffset;
  const up = z + flangeLength + fingerLength - shoulderHeight;
  const reach = Math.sqrt(out * out + up * up);
  const [upper, fore] = [hypotenuse(upperLength, elbowOffset), hypotenuse(foreLength, elbowOffset)];
  const elbow = arcCosine((upper * upper + fore * fore - reach * reach) / (2 * upper * fore));
  const shoulder = arcCosine((upper * upper + reach * reach - fore * fore) / (2 * upper * reach));
  const straight = direction(upperLength, elbowOffset) + direction(foreLength, elbowOffset);
  const second = direction(out, up) - shoulder - direction(elbowOffset, upperLength);
  const fourth = elbow + straight - 2 * Math.PI;
  return [direction(y, x), second, 0, fourth, 0, second - fourth, turn];
}

/** [x, y, z] in metres, then the angles about the fixed axes x, y and z, radians, as DROID has poses. */
export function cartesianOf({ axes: [x, y, z], origin }: Pose): number[] {
  return [...origin, direction(y[2], z[2]), arcCosine(x[2]) - Math.PI / 2, direction(x[1], x[0])];
}

/** A point or direction of a pose, seen from the base. */
export function placed({ axes: [x, y, z], origin }: Pose, [a, b, c]: Vector): Vector {
  return [
    origin[0] + a * x[0] + b * y[0] + c * z[0],
    origin[1] + a * x[1] + b * y[1] + c * z[1],
    origin[2] + a * x[2] + b * y[2] + c * z[2],
  ];
}

function within(outer: Pose, inner: Pose): Pose {
  const turned = (axis: Vector): Vector => placed({ axes: outer.axes, origin: [0, 0, 0] }, axis);
  const [x, y, z] = inner.axes;
  return { axes: [turned(x), turned(y), turned(z)], origin: placed(outer, inner.origin) };
}

function hypotenuse(a: number, b: number): number {
  return Math.sqrt(a * a + b * b);
}
