import type { Random } from '../../models/random.ts';
import { home, jointsFor, type Vector } from './arm.ts';
import { between, choice, integer, noise } from './draws.ts';

/** A stretch of an episode in which one thing is done. */
export interface Act {
  /** `move`: to `goal`, joint angles [7]. `grip`: the fingers go to `closed`, the arm stays. `pause`: nothing is commanded. */
  readonly kind: 'move' | 'grip' | 'pause';
  readonly steps: number;
  readonly goal: readonly number[];
  readonly closed: boolean;
}

/** What happens in an episode. Positions are in metres from the robot's base, on the table. */
export interface Story {
  readonly start: readonly number[];
  readonly acts: readonly Act[];
  readonly block: Vector;
  readonly receptacle: Vector;
}

/** Edge of the block, metres. */
export const blockSize = 0.045;
const heightAbove = 0.17;
const gripSteps = 5;
const shortestMove = 5;

interface Stop {
  readonly goal: readonly number[];
  /** Share of the time of all moves. */
  readonly share: number;
  /** What the fingers do there. */
  readonly grip?: 'close' | 'open';
}

/** An attempt to bring a block to its receptacle; about one in six is told to miss the block or to let it fall. */
export function storyOf(random: Random, meanSteps: number): Story {
  const side = random.uniform() < 0.5 ? 1 : -1;
  const block: Vector = [between(random, 0.38, 0.56), side * between(random, 0.06, 0.26), blockSize / 2];
  const receptacle: Vector = [between(random, 0.38, 0.56), -side * between(random, 0.06, 0.26), 0.004];
  const mishap = random.uniform() < 1 / 6 ? choice(random, ['missed', 'dropped'] as const) : 'none';
  const turn = between(random, -0.8, 0.8);
  const grasp = mishap === 'missed' ? moved(block, [0.01, -side * 0.07, 0]) : block;
  const put = moved(receptacle, [0, 0, blockSize / 2 + 0.004]);
  const halfway: Vector = [(grasp[0] + put[0]) / 2, (grasp[1] + put[1]) / 2, heightAbove + 0.05];
  const above = (at: Vector): number[] => loosened(random, jointsFor(moved(at, [0, 0, heightAbove]), turn));
  const stops: Stop[] = [
    { goal: above(grasp), share: 0.24 },
    { goal: jointsFor(grasp, turn), share: 0.14, grip: 'close' },
    { goal: above(grasp), share: 0.12 },
    ...(mishap === 'dropped' ? [{ goal: jointsFor(halfway, turn), share: 0.12, grip: 'open' } as const] : []),
    { goal: above(put), share: 0.2 },
    { goal: jointsFor(put, turn), share: 0.12, grip: 'open' },
    { goal: above(put), share: 0.1 },
    { goal: nearHome(random), share: 0.08 },
  ];
  const start = nearHome(random);
  return { start, acts: actsOf(random, { stops, start, steps: stepCount(random, meanSteps) }), block, receptacle };
}

/** From half of the mean to two and a half of it, more short ones than long ones. */
function stepCount(random: Random, meanSteps: number): number {
  return Math.round(meanSteps * (0.5 + 2 * random.uniform() * random.uniform()));
}

/** The operator takes a while to begin, and rests once or twice. */
function actsOf(random: Random, plan: { stops: readonly Stop[]; start: readonly number[]; steps: number }): Act[] {
  const { stops, start, steps } = plan;
  const rests = new Map<number, number>();
  for (let n = 1 + integer(random, 2); n > 0; n -= 1) {
    rests.set(integer(random, stops.length), Math.round(steps * between(random, 0.08, 0.2)));
  }
  const begin = 1 + integer(random, 8);
  const still = begin + [...rests.values()].reduce((sum, rest) => sum + rest, 0);
  const moving = steps - still - gripSteps * stops.filter(({ grip }) => grip).length;
  const total = stops.reduce((sum, { share }) => sum + share, 0);
  let closed = false;
  const acts: Act[] = [{ kind: 'pause', steps: begin, goal: start, closed }];
  for (const [i, { goal, share, grip }] of stops.entries()) {
    acts.push({ kind: 'move', steps: Math.max(shortestMove, Math.round((moving * share) / total)), goal, closed });
    if (grip) closed = grip === 'close';
    if (grip) acts.push({ kind: 'grip', steps: gripSteps, goal, closed });
    const rest = rests.get(i);
    if (rest) acts.push({ kind: 'pause', steps: rest, goal, closed });
  }
  return acts;
}

function nearHome(random: Random): number[] {
  return home.map((angle) => angle + 0.06 * noise(random));
}

/** Two joints turned a bit: people hold no arm in one plane. */
function loosened(random: Random, joints: readonly number[]): number[] {
  return joints.map((angle, i) => (i === 2 || i === 4 ? angle + 0.1 * noise(random) : angle));
}

function moved([x, y, z]: Vector, [dx, dy, dz]: Vector): Vector {
  return [x + dx, y + dy, z + dz];
}
