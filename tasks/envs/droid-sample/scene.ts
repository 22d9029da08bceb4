import type { Random } from '../../models/random.ts';
import { fingerLength, placed, type Pose, type Vector } from './arm.ts';
import { cross, dot, type Face, minus, plus, scaled, unit, type View } from './camera.ts';
import type { Colour } from './canvas.ts';
import { between } from './draws.ts';
import type { Moment, SampleEpisode } from './episode.ts';
import { blockColours, receptacleColours } from './facts.ts';
import { blockSize } from './story.ts';
import { cosine, sine } from './trigonometry.ts';

/** Colours of a scene; each episode has its own. */
export interface Look {
  readonly wall: Colour;
  readonly table: Colour;
  readonly tableDark: Colour;
}

export function lookOf(random: Random): Look {
  const shade = between(random, 0.7, 1);
  const tint = between(random, -18, 18);
  const table: Colour = toned([196 + tint, 170, 136 - tint], shade);
  return { wall: toned([190, 196, 204], between(random, 0.6, 1)), table, tableDark: toned(table, 0.93) };
}

/** The table and the receptacle on it, which stand still; what is on top last. */
export function stillFaces({ story, facts }: SampleEpisode, look: Look): Face[] {
  const tiles: Face[] = [];
  const [columns, rows, edge] = [7, 8, 0.16];
  for (let i = 0; i < columns; i += 1) {
    for (let k = 0; k < rows; k += 1) {
      const [x, y] = [-0.15 + i * edge, (k - rows / 2) * edge];
      tiles.push({
        corners: [
          [x, y, 0],
          [x + edge, y, 0],
          [x + edge, y + edge, 0],
          [x, y + edge, 0],
        ],
        colour: (i + k) % 2 === 0 ? look.table : look.tableDark,
      });
    }
  }
  const colour = receptacleColours[facts.receptacle];
  return [
    ...tiles,
    disc(story.receptacle, 0.075, toned(colour, 0.8)),
    disc(plus(story.receptacle, [0, 0, 0.003]), 0.06, colour),
  ];
}

/** Block and fingers, and the arm as far as a camera beside the table sees it. */
export function movingFaces(moment: Moment, episode: SampleEpisode, view: View): Face[] {
  return [...blockFaces(moment, episode, view), ...armFaces(moment, view), ...fingerFaces(moment, view)];
}

/** What the wrist's camera sees of what moves: the arm is behind it. */
export function movingFacesAtWrist(moment: Moment, episode: SampleEpisode, view: View): Face[] {
  return [...blockFaces(moment, episode, view), ...fingerFaces(moment, view)];
}

/** The camera beside the hand, which looks along the fingers. */
export function wristView({ arm }: Moment): View {
  const [x, y, z] = arm.flange.axes;
  const eye = placed(arm.flange, [0.075, 0, -0.02]);
  const forward = unit(minus(placed(arm.flange, [0, 0, fingerLength + 0.07]), eye));
  const right = unit(cross(forward, scaled(x, 1)));
  return {
    eye,
    forward,
    right: dot(right, y) > 0 ? right : scaled(right, -1),
    down: unit(cross(forward, right)),
    focal: dot(z, z) * 0.62,
  };
}

function blockFaces({ block }: Moment, { facts }: SampleEpisode, view: View): Face[] {
  const half = blockSize / 2;
  return boxFaces(block, [half, half, half], blockColours[facts.block], view);
}

const white: Colour = [232, 232, 228];
const dark: Colour = [52, 54, 60];

function armFaces({ arm }: Moment, view: View): Face[] {
  const points = [...arm.joints.slice(0, 7), placed(arm.flange, [0, 0, -0.107]), arm.flange.origin];
  const faces: Face[] = [];
  for (const [i, to] of points.entries()) {
    const from = points[i - 1];
    if (from === undefined || dot(minus(to, from), minus(to, from)) < 1e-6) continue;
    const thick = i < 4 ? 0.06 : 0.05;
    faces.push(rod(from, to, thick, toned(white, 0.86 + 0.14 * (i % 2)), view));
    faces.push(ball(to, thick, i % 2 === 0 ? toned(white, 0.92) : dark, view));
  }
  return faces;
}

/** The hand across, and two fingers that part by up to 8 cm. */
function fingerFaces({ arm, gripper }: Moment, view: View): Face[] {
  const gap = 0.006 + 0.034 * (1 - gripper);
  const at = (x: number, y: number, z: number): Pose => ({
    axes: arm.flange.axes,
    origin: placed(arm.flange, [x, y, z]),
  });
  return [
    ...boxFaces(at(0, 0, 0.028), [0.026, 0.09, 0.028], toned(white, 0.95), view),
    ...boxFaces(at(0, gap + 0.008, 0.082), [0.011, 0.008, 0.028], dark, view),
    ...boxFaces(at(0, -gap - 0.008, 0.082), [0.011, 0.008, 0.028], dark, view),
  ];
}

/** Those faces of a box that look at the camera. Light falls from above and a bit from the front. */
function boxFaces(pose: Pose, [a, b, c]: Vector, colour: Colour, { eye }: View): Face[] {
  const corner = (x: number, y: number, z: number): Vector => placed(pose, [x * a, y * b, z * c]);
  const sides: readonly (readonly [number, readonly Vector[]])[] = [1, -1].flatMap((s) => [
    [0, [corner(s, -1, -1), corner(s, 1, -1), corner(s, 1, 1), corner(s, -1, 1)]] as const,
    [1, [corner(-1, s, -1), corner(1, s, -1), corner(1, s, 1), corner(-1, s, 1)]] as const,
    [2, [corner(-1, -1, s), corner(1, -1, s), corner(1, 1, s), corner(-1, 1, s)]] as const,
  ]);
  return sides.flatMap(([, corners]) => {
    const middle = scaled(corners.reduce(plus), 1 / 4);
    const outward = unit(minus(middle, pose.origin));
    if (dot(outward, minus(eye, middle)) <= 0) return [];
    return [{ corners, colour: toned(colour, 0.74 + 0.22 * outward[2] - 0.06 * outward[0] + 0.04 * outward[1]) }];
  });
}

/** A flat strip that faces the camera. */
function rod(from: Vector, to: Vector, thick: number, colour: Colour, { eye }: View): Face {
  const side = scaled(unit(cross(minus(to, from), minus(eye, from))), thick);
  return { corners: [plus(from, side), plus(to, side), minus(to, side), minus(from, side)], colour };
}

function ball(at: Vector, radius: number, colour: Colour, { right, down }: View): Face {
  const corners = circle.map(([c, s]) => plus(at, plus(scaled(right, c * radius), scaled(down, s * radius))));
  return { corners, colour };
}

function disc(at: Vector, radius: number, colour: Colour): Face {
  return { corners: circle.map(([c, s]) => plus(at, [c * radius, s * radius, 0])), colour };
}

const circle = Array.from({ length: 20 }, (_, i) => {
  const angle = (2 * Math.PI * i) / 20;
  return [cosine(angle), sine(angle)] as const;
});

function toned([r, g, b]: Colour, factor: number): Colour {
  const tone = (value: number): number => Math.min(255, Math.max(0, Math.round(value * factor)));
  return [tone(r), tone(g), tone(b)];
}
