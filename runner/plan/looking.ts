import { Problem } from '../../cache/problem.ts';
import type { Instance } from '../dataflow/instance.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { type Recipes, specOf } from '../keys/recipes.ts';
import type { Lack } from './lack.ts';

/** Looks at nodes for a plan. What cannot be looked at is a finding of its node, and the others are looked at all the same. */
export class Looking {
  readonly findings: Lack[] = [];
  /** Why nodes could not be looked at, by address. */
  readonly unseen = new Map<string, string>();
  readonly #recipes: Recipes;
  readonly #lacks: readonly Lack[];

  constructor(recipes: Recipes, lacks: readonly Lack[]) {
    this.#recipes = recipes;
    this.#lacks = lacks;
  }

  /** Undefined when it cannot be known yet what it is. */
  async key(instance: Instance): Promise<KeyedCall | undefined> {
    const lacks = this.#lacks.filter(({ address }) => address === instance.of.address);
    const blocking = specOf(instance).observe ? lacks.find(({ isForLooking }) => isForLooking) : undefined;
    if (blocking) return this.#leave(instance, blocking.what);
    try {
      return await this.#recipes.key(instance);
    } catch (error) {
      if (!Problem.is(error)) throw error;
      const { message, code } = error;
      // Files of code that are not there were found before, and said with what to do.
      if (code !== 'no-code-files' || lacks.length === 0) this.#tell(instance, error);
      return this.#leave(instance, message);
    }
  }

  /** What can be told of a node whose inputs are still to come: undefined also where the task cannot be looked at as it stands. */
  async ahead<T>(instance: Instance, look: () => Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      if (!Problem.is(error)) throw error;
      // What its body closes over stays what it is, whatever comes.
      if (error.code === 'unknown-closure') this.#tell(instance, error);
      return undefined;
    }
  }

  #tell({ of, label }: Instance, { message, hint }: Problem): void {
    this.findings.push({ address: of.address, label, what: message, advice: hint });
  }

  #leave({ address }: Instance, what: string): undefined {
    this.unseen.set(address, `it cannot be looked at: ${what}`);
  }
}
