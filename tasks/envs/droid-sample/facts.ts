import { type Random, randomOf } from '../../models/random.ts';
import { choice, integer } from './draws.ts';

/** What is said of an episode, apart from its motions. */
export interface EpisodeFacts {
  readonly lab: string;
  readonly user: string;
  /** 8 hexadecimal digits. */
  readonly userId: string;
  readonly building: string;
  readonly sceneId: number;
  readonly robotSerial: string;
  /** Start, milliseconds since 1970, UTC. */
  readonly startMs: number;
  readonly block: keyof typeof blockColours;
  readonly receptacle: keyof typeof receptacleColours;
  /** Three, empty where nobody wrote one. */
  readonly instructions: readonly [string, string, string];
  /** What the operator was asked for; never empty. */
  readonly currentTask: string;
  readonly serials: Readonly<Record<Camera, string>>;
}

export const cameras = ['exterior1', 'exterior2', 'wrist'] as const;
export type Camera = (typeof cameras)[number];

type Colour = readonly [number, number, number];

export const blockColours = {
  red: [204, 51, 46],
  blue: [44, 88, 190],
  green: [44, 140, 70],
  yellow: [232, 190, 50],
} as const satisfies Readonly<Record<string, Colour>>;

export const receptacleColours = {
  plate: [236, 236, 230],
  tray: [112, 78, 52],
  towel: [150, 170, 200],
} as const satisfies Readonly<Record<string, Colour>>;

/** Streams of random numbers of one episode: what one stream draws moves nothing in the others. */
export type Stream = 'facts' | 'story' | 'motion' | 'look' | 'times';
const streams: readonly Stream[] = ['facts', 'story', 'motion', 'look', 'times'];

export function randomFor(seed: number, episode: number, stream: Stream): Random {
  return randomOf(seed, episode, streams.indexOf(stream));
}

const secondsApart = 2400;
const firstStart = Date.UTC(2023, 2, 1, 8);

/** All labs are made up. */
export function factsOf(seed: number, episode: number): EpisodeFacts {
  const random = randomFor(seed, episode, 'facts');
  const lab = choice(random, ['LabA', 'LabB', 'LabC', 'LabD']);
  const block = choice(random, ['red', 'blue', 'green', 'yellow'] as const);
  const receptacle = choice(random, ['plate', 'tray', 'towel'] as const);
  const texts: [string, string, string] = [
    `Put the ${block} block on the ${receptacle}`,
    `Pick up the ${block} block and place it on the ${receptacle}`,
    `Move the ${block} cube onto the ${receptacle}`,
  ];
  const first = 11_000_000 + integer(random, 9_000_000);
  const second = first + 1 + integer(random, 9_000_000);
  const wrist = first + 1 + integer(random, 18_000_000);
  return {
    lab,
    block,
    receptacle,
    currentTask: texts[0],
    instructions: instructionsOf(random, texts),
    user: `Operator ${1 + integer(random, 20)}`,
    userId: random.uint32().toString(16).padStart(8, '0'),
    building: choice(random, ['North', 'South', 'N/A']),
    sceneId: 100_000_000 + integer(random, 900_000_000),
    robotSerial: `panda-${100_000 + integer(random, 900_000)}-${1_000_000 + integer(random, 9_000_000)}`,
    startMs: firstStart + 1000 * (episode * secondsApart + integer(random, secondsApart)),
    serials: {
      exterior1: String(first),
      exterior2: String(second),
      wrist: String(wrist === second ? wrist + 1 : wrist),
    },
  };
}

/** As in DROID 1.0.1, where about four in five episodes have instructions, most of them three. */
function instructionsOf(random: Random, texts: readonly [string, string, string]): [string, string, string] {
  const drawn = random.uniform();
  if (drawn < 0.2) return ['', '', ''];
  if (drawn < 0.3) return [texts[0], '', ''];
  return [...texts];
}

/** `LabA+1f2e3d4c+2023-03-01-08h-12m-05s`. */
export function uuidOf({ lab, userId, startMs }: EpisodeFacts): string {
  return `${lab}+${userId}+${timestampOf(startMs)}`;
}

export function timestampOf(startMs: number): string {
  const [date, time = ''] = new Date(startMs).toISOString().slice(0, 19).split('T');
  const [hours, minutes, seconds] = time.split(':');
  return `${date}-${hours}h-${minutes}m-${seconds}s`;
}

export function dateOf(startMs: number): string {
  return new Date(startMs).toISOString().slice(0, 10);
}

/** `success/2023-03-01/Wed_Mar__1_08:12:05_2023`, below the lab's folder: C's `asctime` with underscores. */
export function folderBelowLab({ startMs }: EpisodeFacts, success: boolean): string {
  const [weekday = '', day = '', month, year, time] = new Date(startMs).toUTCString().replace(',', '').split(' ');
  const spaced = `${weekday}_${month}_${String(Number(day)).padStart(2, '_')}_${time}_${year}`;
  return `${success ? 'success' : 'failure'}/${dateOf(startMs)}/${spaced}`;
}
