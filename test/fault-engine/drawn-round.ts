import fc from 'fast-check';
import { type Edit, type Slot, slots } from './world.ts';

/** One node of a drawn graph; numbers choose among the values, lists and files made before it, or say what it holds. */
export type Step =
  | { readonly is: 'add'; readonly from: readonly number[]; readonly salt: number }
  | { readonly is: Unary; readonly from: number; readonly salt: number }
  | { readonly is: Listing; readonly from: number; readonly salt: number }
  | { readonly is: 'file'; readonly from: number; readonly isBig: boolean }
  | { readonly is: 'hash' | 'seen' | 'fact'; readonly of: number; readonly salt: number }
  | { readonly is: 'data'; readonly place: number }
  | { readonly is: 'adopted' }
  | { readonly is: 'gather'; readonly list: number; readonly salt: number }
  | {
      readonly is: 'each';
      readonly list: number;
      readonly salt: number;
      readonly body: Unary | 'add';
      readonly isFiltered: boolean;
    };

/** From one number another: a TypeScript body of two modules, Python of two files, a task that a function makes, one that asks a server. */
export type Unary = 'body0' | 'body1' | 'py0' | 'py1' | 'made' | 'asked';
/** From a number some: a list, a stream, a stream with folders, a list with keys; or a training with its checkpoints, which are files. */
export type Listing = 'list' | 'flow' | 'pairs' | 'keyed' | 'train';

/** When a fault comes: after so many milliseconds, with the nth event, or when something happens in a folder of the store. */
export type When =
  | { readonly afterMs: number }
  | { readonly event: number }
  | { readonly touched: 'code' | 'locks' | 'runs' | 'work' | 'tmp' };

export const faultNames = [
  'none',
  'kill-driver',
  'interrupt-driver',
  'kill-job',
  'freeze-driver',
  'pause-owner',
  'full-disk',
  'flip-bits',
  'truncate',
  'close-output',
  'collect',
  'collect-all',
  'clock',
  'edit-and-undo',
  'remove-claims',
] as const;
export type FaultName = (typeof faultNames)[number];

export interface Fault {
  readonly name: FaultName;
  readonly when: When;
  /** In [0, 1): which file, how far, how long. */
  readonly chance: number;
  readonly edit: Edit;
}

/** Edits, then drivers side by side with a fault, then a run that nothing disturbs. */
export interface Act {
  readonly edits: readonly Edit[];
  /** Back to what it was before the last act. */
  readonly isUndone: boolean;
  readonly drivers: number;
  /** The last driver runs a second repository on the same store, which has an edit of its own. */
  readonly hasOther: boolean;
  readonly force: boolean;
  readonly fault: Fault;
}

export interface DrawnRound {
  readonly steps: readonly Step[];
  readonly acts: readonly Act[];
  /** Inputs of jobs are hard links to blobs. */
  readonly isLinked: boolean;
}

const index = fc.nat(1000);
const salt = fc.nat(2);
const unary = fc.constantFrom<Unary>('body0', 'body1', 'py0', 'py1', 'made', 'made', 'asked');

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constant('add' as const), from: fc.array(index, { maxLength: 3 }), salt }),
  },
  { weight: 5, arbitrary: fc.record({ is: unary, from: index, salt }) },
  {
    weight: 5,
    arbitrary: fc.record({
      is: fc.constantFrom<Listing>('list', 'flow', 'pairs', 'pairs', 'keyed', 'train', 'train'),
      from: index,
      salt,
    }),
  },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('file' as const), from: index, isBig: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ is: fc.constantFrom('hash' as const, 'seen' as const, 'fact' as const), of: index, salt }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('data' as const), place: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('adopted' as const) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('gather' as const), list: index, salt }) },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('each' as const),
      list: index,
      salt,
      body: fc.oneof(fc.constant('add' as const), unary),
      isFiltered: fc.boolean(),
    }),
  },
);

const editOf = (some: readonly Slot[]): fc.Arbitrary<Edit> =>
  fc.record({ slot: fc.constantFrom<Slot>(...some), at: fc.nat(1), value: fc.nat(3) });

const when: fc.Arbitrary<When> = fc.oneof(
  fc.record({ afterMs: fc.nat(2500) }),
  fc.record({ event: fc.nat(40) }),
  fc.record({
    touched: fc.constantFrom('code' as const, 'locks' as const, 'runs' as const, 'work' as const, 'tmp' as const),
  }),
);

/** Numbers in [0, 1) by steps that shrink well. */
const chance = fc.nat(999).map((n) => n / 1000);

export function drawnRounds(faults: readonly FaultName[], mostActs: number): fc.Arbitrary<DrawnRound> {
  const fault = fc.record({ name: fc.constantFrom(...faults), when, chance, edit: editOf(slots) });
  const act: fc.Arbitrary<Act> = fc.record({
    edits: fc.array(editOf(slots), { maxLength: 2 }),
    isUndone: fc.boolean(),
    drivers: fc.constantFrom(1, 1, 2, 3),
    hasOther: fc.boolean(),
    force: fc.constantFrom(false, false, true),
    fault,
  });
  return fc.record({
    steps: fc.array(step, { minLength: 3, maxLength: 14, size: 'max' }),
    acts: fc.array(act, { minLength: 1, maxLength: mostActs, size: 'max' }),
    isLinked: fc.boolean(),
  });
}

/** The one that a number means; none of none. */
export function pick<T>(from: readonly T[], at: number): T | undefined {
  return from[at % Math.max(1, from.length)];
}
