/**
 * Everything outside of the graph that may change a value: constants in sources, files of data, a parameter. Each has a few
 * places, and each place a small number.
 */
export type World = Readonly<Record<Slot, readonly number[]>>;

/** How many places each has. */
const places = {
  /** In the modules of two tasks with TypeScript bodies, and in the helper module of each. */
  times: 2,
  bend: 2,
  /** The same for two Python programs. */
  pyTimes: 2,
  pyBend: 2,
  /** In the argument list of a program. */
  k: 1,
  /** What a task closes over that a function makes: a number of the pipeline, and a function of another module. */
  factor: 1,
  shift: 1,
  /** What a kind's `inspect` makes of the files. */
  inspect: 1,
  /** What a server answers with. */
  word: 1,
  /** Files that tasks declare as code; a folder that is adopted. */
  data: 2,
  adopted: 1,
  /** A comment in every source: changes nothing. */
  comment: 1,
  /** The parameter of the pipeline. */
  p: 1,
} as const;

export type Slot = keyof typeof places;
export const slots = Object.keys(places) as Slot[];

/** One place gets another number. */
export interface Edit {
  readonly slot: Slot;
  readonly at: number;
  readonly value: number;
}

export const firstWorld = Object.fromEntries(
  slots.map((slot) => [slot, Array.from({ length: places[slot] }, (_, i) => i)]),
) as unknown as World;

export function edited(world: World, edits: readonly Edit[]): World {
  return edits.reduce((before, { slot, at, value }) => {
    const index = at % places[slot];
    return { ...before, [slot]: before[slot].map((old, i) => (i === index ? value : old)) };
  }, world);
}

/** The number at a place. */
export function at(world: World, slot: Slot, place = 0): number {
  return world[slot][place % places[slot]] as number;
}
