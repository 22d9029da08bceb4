import { Problem } from '../../cache/problem.ts';

/** A store that goes on losing the same blob is broken; a run does not make one again more often than this. */
const mostLosses = 3;

/** What the store has lost although it was there: it is made again, so everything is looked up anew. */
export class Losses {
  readonly #warn: (message: string) => void;
  readonly #counts = new Map<string, number>();
  #isLookedUpAgain = false;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Everything is to be looked up again. */
  get callsForNewPass(): boolean {
    return this.#isLookedUpAgain;
  }

  /** Whether an error tells of a loss; then it is noted. */
  isLoss(error: unknown): boolean {
    if (!Problem.is(error) || (error.code !== 'damaged-blob' && error.code !== 'tree-missing')) return false;
    this.#warn(`${error.message} ${error.hint ?? ''}`.trim());
    this.#counts.set(error.message, (this.#counts.get(error.message) ?? 0) + 1);
    this.#isLookedUpAgain = true;
    return true;
  }

  /** What was made from items that were released is not what follows from the result. */
  lookUpAgain(): void {
    this.#isLookedUpAgain = true;
  }

  /** A new look begins. Throws `store-unreliable` when the same thing was lost too often. */
  newPass(): void {
    if (Math.max(...this.#counts.values()) > mostLosses) {
      throw new Problem('store-unreliable', 'The store goes on losing what it was given.', {
        hint: 'Check its disk, then: pipeline cache verify',
      });
    }
    this.#isLookedUpAgain = false;
  }
}
